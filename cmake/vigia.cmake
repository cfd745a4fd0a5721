# One target per folder: every .cpp beside the CMakeLists.txt belongs to it.
#
#   vigia_library(NAME [DEPS targets…] [TEST_DEPS targets…])
#
# *_test.cpp files are collected for the layer's one test binary (vigia_layer_tests);
# *_fuzz.cpp files become libFuzzer programs of their own when VIGIA_FUZZ is on.

add_library(vigia_flags INTERFACE)
target_compile_options(vigia_flags INTERFACE -Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers
  -fno-omit-frame-pointer)
target_include_directories(vigia_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overflows that are not there in inlined std::string code.
  target_compile_options(vigia_flags INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(VIGIA_SANITIZE)
  target_compile_options(vigia_flags INTERFACE -fsanitize=${VIGIA_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(vigia_flags INTERFACE -fsanitize=${VIGIA_SANITIZE})
endif()
find_program(VIGIA_MOLD mold)
if(VIGIA_MOLD)
  target_link_options(vigia_flags INTERFACE -fuse-ld=mold)
endif()

function(vigia_library name)
  cmake_parse_arguments(arg "" "" "DEPS;TEST_DEPS" ${ARGN})
  file(GLOB all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cpp$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")

  list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/main.cpp)
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC vigia_flags ${arg_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE vigia_flags ${arg_DEPS})
  endif()

  string(REGEX REPLACE "_.*" "" layer ${name})
  if(VIGIA_TESTS AND tests)
    set_property(GLOBAL APPEND PROPERTY vigia_${layer}_tests ${tests})
    set_property(GLOBAL APPEND PROPERTY vigia_${layer}_test_deps ${name} ${arg_TEST_DEPS})
  endif()
  if(VIGIA_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(program ${fuzzer} NAME_WE)
      add_executable(${program} ${fuzzer})
      target_link_libraries(${program} PRIVATE ${name} ${arg_TEST_DEPS} -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()

# The one test binary of a layer, from the *_test.cpp files of all its folders.
function(vigia_layer_tests layer)
  get_property(tests GLOBAL PROPERTY vigia_${layer}_tests)
  get_property(deps GLOBAL PROPERTY vigia_${layer}_test_deps)
  if(NOT tests)
    return()
  endif()
  add_executable(${layer}_test ${tests})
  target_link_libraries(${layer}_test PRIVATE ${deps} GTest::gtest_main)
  add_test(NAME ${layer} COMMAND ${layer}_test)
  set_tests_properties(${layer} PROPERTIES TIMEOUT 300)
endfunction()
