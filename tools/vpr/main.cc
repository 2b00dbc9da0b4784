#include "cli/command.h"

int main(int argc, char** argv) { return vpr::cli::Main(argc, argv); }
