// Attention's gradient on Hopper's tensor cores (family attention_grad, variant wgmma), in three
// launches: the terms of each query, then dq by queries, then dk and dv by keys. Scores are
// computed twice that way, but every sum has one owner and a fixed order.
#pragma once

#include "attention_grad_keys.cuh"
#include "attention_grad_queries.cuh"
