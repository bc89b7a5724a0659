/* tests/core/real_object.c - an object of nothing but real.h's functions: nm shows what they
 * call. */
#include "device/core/real.h"

float object_exp(float x);
float object_log(float x);
float object_pow(float x, float y);
float object_tanh(float x);
float object_sigmoid(float x);

float object_exp(float x) { return real_exp(x); }
float object_log(float x) { return real_log(x); }
float object_pow(float x, float y) { return real_pow(x, y); }
float object_tanh(float x) { return real_tanh(x); }
float object_sigmoid(float x) { return real_sigmoid(x); }
