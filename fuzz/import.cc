// Networks trained elsewhere: the dictionary of a file of weights, as a pickle in an archive whose
// checksums are right, and the graph that is made of it.
#include "vpr/network/import.h"

#include "fuzz.h"
#include "model/zip_archive.h"
#include "vpr/network/graph.h"

namespace {

// What a pickle may name the bytes of, made once.
vpr::ZipWriter Values() {
  vpr::ZipWriter archive;
  const std::string values(4096, '\1');
  for (int key = 0; key < 256; ++key) archive.Add("net/data/" + std::to_string(key), values);
  return archive;
}

}  // namespace

FUZZ(bytes) {
  static const vpr::ZipWriter values = Values();
  vpr::ZipWriter archive = values;
  archive.Add("net/data.pkl", bytes);
  vpr::Model model = vpr::ImportNetwork(archive.Finish(), "input", {"campplus", "", "", ""});
  vpr::BuildGraph(std::move(model));
}
