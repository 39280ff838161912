#include "tensor_elementwise.h"
#include "CKernels.h"

#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

#define T float
#define S f32
#define F(name) name##f
#include "tensor_template.h"
#undef T
#undef S
#undef F

#define T double
#define S f64
#define F(name) name
#include "tensor_template.h"
