# How our own code is compiled. Linked PRIVATE by every target, never exported.
add_library(vpr_compile INTERFACE)
target_compile_options(vpr_compile INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms on std::string concatenation in GCC 12 (its bug 105651).
  target_compile_options(vpr_compile INTERFACE -Wno-restrict)
endif()
if(VPR_WERROR)
  target_compile_options(vpr_compile INTERFACE -Werror)
endif()
if(VPR_SANITIZE)
  add_compile_options(-fsanitize=${VPR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VPR_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND VPR_SANITIZE MATCHES "undefined")
    # As GCC: what a file's number becomes in an int is checked for its range afterwards.
    add_compile_options(-fno-sanitize=float-cast-overflow)
  endif()
endif()

# vpr_module(NAME SOURCES... [PUBLIC targets...] [PRIVATE targets...])
# One static library vpr_NAME for src/NAME and include/vpr/NAME.
function(vpr_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(vpr_${name} STATIC ${ARG_SOURCES})
  target_include_directories(vpr_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(vpr_${name} PUBLIC ${ARG_PUBLIC} PRIVATE vpr_compile ${ARG_PRIVATE})
endfunction()
