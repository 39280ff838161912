// Plain C loops, each compiled for several instruction sets.
#ifndef CKERNELS_H
#define CKERNELS_H

/// Compiles a function for AVX-512, AVX2 and the baseline, and picks at load time; plain on other processors.
#if defined(__x86_64__) && defined(__linux__)
#define TVS_KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TVS_KERNEL
#endif

#include "blocks.h"
#include "dequantise.h"
#include "files.h"
#include "memory.h"
#include "network.h"
#include "optimizers.h"
#include "random.h"
#include "tensor.h"
#include "tensor_archive.h"
#include "tensor_elementwise.h"
#include "tensor_worker.h"
#include "thread_team.h"

#endif
