# How our own code is compiled. Linked PRIVATE by every target, never exported.
add_library(vpr_compile INTERFACE)
target_compile_options(vpr_compile INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms on std::string concatenation in GCC 12 (its bug 105651).
  target_compile_options(vpr_compile INTERFACE -Wno-restrict)
endif()
# A debugger's whole picture of our types makes compiling a quarter longer and the program three times as large
# (280 MB): lines alone say where something went wrong.
target_compile_options(vpr_compile INTERFACE $<$<CONFIG:RelWithDebInfo>:-g1>)
if(VPR_WERROR)
  target_compile_options(vpr_compile INTERFACE -Werror)
endif()
if(VPR_COVERAGE)
  # Threads count in the same places.
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
if(VPR_SANITIZE)
  add_compile_options(-fsanitize=${VPR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VPR_SANITIZE})
  add_compile_definitions(VPR_SANITIZED)  # GCC and Clang say it in ways of their own
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND VPR_SANITIZE MATCHES "undefined")
    # As GCC: what a file's number becomes in an int is checked for its range afterwards.
    add_compile_options(-fno-sanitize=float-cast-overflow)
  endif()
endif()

# Hardening, of everything in optimised builds; tests/cli/hardening.py reads the built files. Sanitizers do the same
# and more in their own way.
set(harden OFF)
if(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo)$")
  set(harden ON)
endif()
option(VPR_HARDEN "Stack protector, FORTIFY, CET, stack clash protection, full RELRO" ${harden})
if(VPR_HARDEN AND NOT VPR_SANITIZE)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES C CXX)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection
    "$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")  # which needs optimization
  add_link_options(LINKER:-z,relro,-z,now,-z,noexecstack)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection=full)
    # Debian's crti.o is not marked, so the linker marks nothing by itself. A shadow stack asks nothing of that
    # code; indirect branches do, and that mark the linker makes where all of the system's objects have it.
    add_link_options(LINKER:-z,shstk)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    add_compile_options(-mbranch-protection=standard)
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

# vpr_part(NAME COMPONENT SOURCES files... PRIVATE libraries...): a module vpr_NAME of the program that is opened at first need
# (src/base/open_module.h), in the package of COMPONENT ("": that of the program).
function(vpr_part name component)
  cmake_parse_arguments(ARG "" "" "SOURCES;PRIVATE" ${ARGN})
  add_library(vpr_${name} MODULE ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/src/base/module_entry.cc)
  target_include_directories(vpr_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(vpr_${name} PRIVATE vpr_compile ${ARG_PRIVATE})
  target_link_options(vpr_${name} PRIVATE LINKER:--exclude-libs,ALL)
  set_target_properties(vpr_${name} PROPERTIES PREFIX "")
  if(component)
    set(component COMPONENT ${component})
  endif()
  install(TARGETS vpr_${name} DESTINATION lib/vpr ${component})
endfunction()

# vpr_embed(OUT HEADER FUNCTION ROOT ENDING files...): text files built into the program, by their path below ROOT without
# ENDING, as FUNCTION() of the source OUT gives them.
function(vpr_embed out header function root ending)
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${out})
  list(JOIN ARGN "," files)
  add_custom_command(OUTPUT ${file}
    COMMAND ${CMAKE_COMMAND} -DOUT=${file} -DHEADER=${header} -DFUNCTION=${function} -DROOT=${root} -DENDING=${ending}
      -DFILES=${files} -P ${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake VERBATIM)
endfunction()

# vpr_built_files(VARIABLE): every program, module and shared library of ours, as generator expressions.
function(vpr_built_files variable)
  set(folders ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tools/vpr)
  set(files)
  while(folders)
    list(POP_FRONT folders folder)
    get_property(below DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
    get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
    list(APPEND folders ${below})
    foreach(target ${targets})
      get_target_property(type ${target} TYPE)
      if(type MATCHES "^(EXECUTABLE|MODULE_LIBRARY|SHARED_LIBRARY)$")
        list(APPEND files $<TARGET_FILE:${target}>)
      endif()
    endforeach()
  endwhile()
  set(${variable} ${files} PARENT_SCOPE)
endfunction()
