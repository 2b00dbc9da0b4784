# cmake -DOUT=file.cc -DHEADER=serve/embedded.h -DFUNCTION=PageFiles -DROOT=folder -DENDING=.json -DFILES="a,b" -P EmbedFiles.cmake
# Text files as string literals: FUNCTION(), which HEADER declares, gives them by their path below ROOT, without ENDING.
set(text "#include \"${HEADER}\"\n\nnamespace vpr {\nnamespace {\n\nconstexpr BuiltInFile kFiles[] = {\n")
string(REPLACE "," ";" files "${FILES}")
foreach(file IN LISTS files)
  # Brackets and semicolons mean something in CMake's lists only, which the content never becomes.
  file(READ ${file} content)
  string(FIND "${content}" ")vpr-file\"" found)
  if(NOT found EQUAL -1)
    message(FATAL_ERROR "${file} holds the end of a literal")
  endif()
  file(RELATIVE_PATH name ${ROOT} ${file})
  if(ENDING)
    string(REPLACE "${ENDING}" "" name ${name})
  endif()
  string(APPEND text "    {\"${name}\", R\"vpr-file(${content})vpr-file\"},\n")
endforeach()
string(APPEND text "};\n\n}  // namespace\n\nstd::span<const BuiltInFile> ${FUNCTION}() { return kFiles; }\n\n}  // namespace vpr\n")
file(WRITE ${OUT} "${text}")
