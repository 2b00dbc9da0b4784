/* The C interface of libvpr: who is speaking?

     vpr_recognizer* recognizer = vpr_open(NULL, NULL);
     if (recognizer == NULL) return fprintf(stderr, "%s\n", vpr_error_message()), 1;
     vpr_comparison answer;
     if (vpr_compare(recognizer, "monday.wav", "tuesday.mp3", &answer) == VPR_OK)
       printf("%.4f %s\n", answer.score, answer.accepted ? "same speaker" : "different speakers");
     vpr_close(recognizer);

   Functions that can fail return a code, or NULL, and vpr_error_message() says in one line what
   failed, what was found and what is to be done. No exception leaves the library. A recognizer may
   be used by several threads at once, vpr_close() excepted. Strings are UTF-8; paths are what the
   system takes. Without a call that says so nothing of the process is changed. */
#ifndef VPR_H_
#define VPR_H_

#include <stddef.h>

#include "vpr/version.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VPR_PUBLIC __attribute__((visibility("default")))

typedef enum vpr_code {
  VPR_OK = 0,
  VPR_NOT_FOUND = 1,        /* a file or model that does not exist */
  VPR_IO = 2,               /* the system refused to read or write */
  VPR_CORRUPT = 3,          /* a file that is damaged or not of the expected format */
  VPR_INCOMPATIBLE = 4,     /* a valid file of another version or other settings */
  VPR_NEEDS_KEY = 5,        /* an encrypted store that was opened without its key */
  VPR_INVALID_ARGUMENT = 6, /* a value outside its range, NULL where something is needed */
  VPR_UNUSABLE = 7,         /* a recording that can be read but holds too little of a voice */
  VPR_INTERRUPTED = 8,      /* the callback asked for it; what was done is safe */
  VPR_DEVICE = 9,           /* a GPU */
  VPR_OUT_OF_MEMORY = 10,
  VPR_INTERNAL = 11 /* a fault of ours */
} vpr_code;

/* A model with an engine that runs it and, if asked for, a store of enrolled people. */
typedef struct vpr_recognizer vpr_recognizer;

typedef struct vpr_options {
  size_t size;        /* sizeof(vpr_options): which fields there are */
  const char* device; /* "cpu", "cuda", "cuda:1"; NULL: "auto", the CPU */
  int threads;        /* recordings worked on at once; 0: as many as there are cores */
  /* The store of enrolled people: path, or address of a PostgreSQL database; "": $VPR_DB, else the
     user's own; NULL: none, and then nobody can be enrolled, verified or identified. */
  const char* store;
  const char* key_file;   /* of an encrypted store; NULL: none */
  const char* passphrase; /* likewise */
  int create_store;       /* 1: made if it is not there, encrypted if a key is given */
} vpr_options;

/* Two voices held against each other. */
typedef struct vpr_comparison {
  double score;     /* what is held against the threshold */
  double cosine;    /* of the embeddings, -1 to 1 */
  double llr;       /* natural logarithm of the likelihood ratio; NaN if the model has none */
  double threshold; /* of the model, at its equal error rate */
  int accepted;     /* 1: score >= threshold */
} vpr_comparison;

/* Room for a name, which has 200 bytes at most, and the 0 after it. */
#define VPR_NAME_SIZE 201

/* What an attempt to enroll somebody did. */
typedef struct vpr_enrollment {
  size_t enrolled;   /* recordings that were, now */
  size_t left_out;   /* that were not: unusable, enrolled already, or of somebody else */
  size_t utterances; /* that the person has now, in all */
  char resembles[VPR_NAME_SIZE]; /* another name whose voice this may be; "": none */
} vpr_enrollment;

/* Whether it is who they say they are. */
typedef struct vpr_verification {
  double score, cosine, llr; /* as in vpr_comparison */
  double threshold;          /* of the model, for a false match rate of 1 % */
  double speech_seconds;     /* that the embedding is made of */
  int accepted;              /* 1: score >= threshold */
} vpr_verification;

typedef struct vpr_candidate {
  char name[VPR_NAME_SIZE];
  double score, llr; /* as in vpr_comparison */
} vpr_candidate;

/* Who speaks, if anybody enrolled does. */
typedef struct vpr_identification {
  int known;             /* 1: the first candidate is the speaker; 0: an unknown speaker */
  double threshold;      /* that the first one's score is held against */
  double margin;         /* of the first before the second; NaN if there is none */
  size_t enrolled;       /* people searched */
  size_t num_candidates; /* written; at most the number asked for */
} vpr_identification;

/* Of the library that runs, "0.1.0"; of these headers: VPR_VERSION. */
VPR_PUBLIC const char* vpr_version(void);

/* What the last failed call of this thread failed of: one line. Lives until the thread's next call.
 */
VPR_PUBLIC const char* vpr_error_message(void);
VPR_PUBLIC vpr_code vpr_error_code(void);

/* The folder of an installation (it holds lib/vpr and share/vpr), where engines and models are
   looked for from now on; NULL or "": $VPR_HOME, else beside libvpr. */
VPR_PUBLIC void vpr_set_resource_folder(const char* folder);

/* `model`: path; NULL: $VPR_MODEL, else the model that came with vpr. `options`: NULL: the
   defaults. NULL comes back on failure. */
VPR_PUBLIC vpr_recognizer* vpr_open(const char* model, const vpr_options* options);
/* NULL is let pass. */
VPR_PUBLIC void vpr_close(vpr_recognizer* recognizer);

/* How many numbers an embedding has. */
VPR_PUBLIC size_t vpr_embedding_size(const vpr_recognizer* recognizer);
/* The embedding, of length 1, into `embedding`, which has room for vpr_embedding_size() numbers. */
VPR_PUBLIC vpr_code vpr_embed(const vpr_recognizer* recognizer, const char* path, float* embedding);
/* The same of mono sound at 16 kHz, from -1 to 1. */
VPR_PUBLIC vpr_code vpr_embed_samples(const vpr_recognizer* recognizer, const float* samples,
                                      size_t num_samples, float* embedding);

/* Are two recordings of one speaker? VPR_INCOMPATIBLE: the model has no threshold to decide by. */
VPR_PUBLIC vpr_code vpr_compare(const vpr_recognizer* recognizer, const char* a, const char* b,
                                vpr_comparison* answer);

/* Enrolls somebody, or adds recordings to who is enrolled already. What is no voice of one person
   with the others is left out. VPR_UNUSABLE: nothing was left; `answer` (may be NULL) is set then,
   too. */
VPR_PUBLIC vpr_code vpr_enroll(vpr_recognizer* recognizer, const char* name,
                               const char* const* paths, size_t num_paths, vpr_enrollment* answer);

/* Is the recording of this enrolled person? VPR_NOT_FOUND: nobody has the name. */
VPR_PUBLIC vpr_code vpr_verify(vpr_recognizer* recognizer, const char* name, const char* path,
                               vpr_verification* answer);

/* Who of the enrolled speaks? Writes the best, at most `max_candidates` (1 or more). Of strangers,
   a share of 5 % may be taken for somebody. VPR_NOT_FOUND: nobody is enrolled. */
VPR_PUBLIC vpr_code vpr_identify(vpr_recognizer* recognizer, const char* path,
                                 vpr_candidate* candidates, size_t max_candidates,
                                 vpr_identification* answer);

/* Takes in what other processes have changed in the store; `changed` (may be NULL): 1 if anything
   was. */
VPR_PUBLIC vpr_code vpr_refresh(vpr_recognizer* recognizer, int* changed);

#ifdef __cplusplus
}
#endif

#endif
