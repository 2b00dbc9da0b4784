/* Enrolls somebody, then says who speaks in another recording. cc identify.c $(pkg-config --cflags
 * --libs vpr) */
#include <stdio.h>
#include <vpr.h>

int main(int argc, char** argv) {
  if (argc < 5) return fprintf(stderr, "usage: identify STORE RECORDING NAME FILE...\n"), 2;
  vpr_options options = {sizeof(options)};
  options.store = argv[1];
  options.create_store = 1;
  vpr_recognizer* recognizer = vpr_open(NULL, &options);
  vpr_enrollment enrolled;
  vpr_candidate best;
  vpr_identification answer;
  if (recognizer == NULL ||
      vpr_enroll(recognizer, argv[3], (const char* const*)argv + 4, (size_t)argc - 4, &enrolled) !=
          VPR_OK ||
      vpr_identify(recognizer, argv[2], &best, 1, &answer) != VPR_OK) {
    fprintf(stderr, "%s\n", vpr_error_message());
    vpr_close(recognizer);
    return 1;
  }
  printf("%s %.9f %.9f\n", answer.known ? best.name : "unknown speaker", best.score,
         answer.threshold);
  vpr_close(recognizer);
  return 0;
}
