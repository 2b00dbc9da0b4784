/* Are two recordings of one speaker? cc compare.c $(pkg-config --cflags --libs vpr) */
#include <stdio.h>
#include <vpr.h>

int main(int argc, char** argv) {
  if (argc != 3) return fprintf(stderr, "usage: compare A B\n"), 2;
  vpr_recognizer* recognizer = vpr_open(NULL, NULL);
  vpr_comparison answer;
  if (recognizer == NULL || vpr_compare(recognizer, argv[1], argv[2], &answer) != VPR_OK) {
    fprintf(stderr, "%s\n", vpr_error_message());
    vpr_close(recognizer);
    return 1;
  }
  printf("%.9f %s\n", answer.score, answer.accepted ? "same speaker" : "different speakers");
  vpr_close(recognizer);
  return 0;
}
