# Run at build time: writes OUTPUT, which defines vpr::BuildId(), a hash of the headers in INCLUDE and of
# COMPILER. Whatever changes the layout of a type that goes from the program to a module changes it.
file(GLOB_RECURSE headers RELATIVE ${INCLUDE} ${INCLUDE}/*.h)
list(SORT headers)
set(all "${COMPILER}")
foreach(header ${headers})
  file(SHA256 ${INCLUDE}/${header} hash)
  string(APPEND all "\n${header} ${hash}")
endforeach()
string(SHA256 id "${all}")
string(SUBSTRING ${id} 0 16 id)
file(WRITE ${OUTPUT} "#include \"vpr/base/build_id.h\"\n\nnamespace vpr {\n\n"
  "const char* BuildId() { return \"${id}\"; }\n\n}  // namespace vpr\n")
