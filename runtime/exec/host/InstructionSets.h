// STEP37_FOR_EACH_ISA: compiles a function for several instruction sets; the loader of the program
// picks the best one that the processor has. For loops over rows, where a baseline x86-64 binary
// would leave most of the processor unused. Functions called from such a one are compiled with it
// only where they are inlined.
#pragma once

// Sanitizers run before the choice can be made.
#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__) &&                 \
    !defined(STEP37_ONE_INSTRUCTION_SET)
#define STEP37_FOR_EACH_ISA                                                                        \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define STEP37_FOR_EACH_ISA
#endif
