/* burn.c: keeps every GPU busy for some seconds, with nothing but the driver:
 * libcuda is loaded at run time, the kernel is PTX that the driver compiles.
 *
 *   burn SECONDS
 *
 * Exits with 0 after the time, 3 where there is no driver or no GPU, and 1 where
 * a call fails. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef int result;
typedef uint64_t address;

static const char *const ptx =
	".version 6.0\n.target sm_50\n.address_size 64\n"
	".visible .entry burn(.param .u64 out, .param .u32 rounds)\n{\n"
	"  .reg .f32 %f<5>;\n  .reg .u32 %r<3>;\n  .reg .u64 %rd<2>;\n  .reg .pred %p<2>;\n"
	"  ld.param.u64 %rd1, [out];\n  ld.param.u32 %r1, [rounds];\n  mov.u32 %r2, 0;\n"
	"  mov.f32 %f1, 0f3F800000;\n  mov.f32 %f2, 0f3F7FFFEF;\n  mov.f32 %f3, 0f3A83126F;\n  mov.f32 %f4, 0f3F000000;\n"
	"again:\n"
	"  fma.rn.f32 %f1, %f1, %f2, %f3;\n  fma.rn.f32 %f4, %f4, %f2, %f3;\n"
	"  fma.rn.f32 %f1, %f1, %f2, %f3;\n  fma.rn.f32 %f4, %f4, %f2, %f3;\n"
	"  fma.rn.f32 %f1, %f1, %f2, %f3;\n  fma.rn.f32 %f4, %f4, %f2, %f3;\n"
	"  fma.rn.f32 %f1, %f1, %f2, %f3;\n  fma.rn.f32 %f4, %f4, %f2, %f3;\n"
	"  add.u32 %r2, %r2, 1;\n  setp.lt.u32 %p1, %r2, %r1;\n  @%p1 bra again;\n"
	"  add.f32 %f1, %f1, %f4;\n  st.global.f32 [%rd1], %f1;\n  ret;\n}\n";

static void *library;

static void *symbol(const char *name)
{
	void *s = dlsym(library, name);
	if (!s) {
		fprintf(stderr, "burn: libcuda has no %s\n", name);
		exit(1);
	}
	return s;
}

#define CALL(name, types, ...)                                                       \
	do {                                                                         \
		result (*f) types = (result (*) types)symbol(name);                  \
		result ret = f(__VA_ARGS__);                                         \
		if (ret != 0) {                                                      \
			fprintf(stderr, "burn: %s failed: CUDA error %d\n", name, ret); \
			exit(1);                                                     \
		}                                                                    \
	} while (0)

struct gpu {
	void *context, *function;
	address out;
};

static void prepare(struct gpu *g, int index)
{
	int device;
	void *module;
	CALL("cuDeviceGet", (int *, int), &device, index);
	CALL("cuDevicePrimaryCtxRetain", (void **, int), &g->context, device);
	CALL("cuCtxSetCurrent", (void *), g->context);
	CALL("cuModuleLoadData", (void **, const void *), &module, ptx);
	CALL("cuModuleGetFunction", (void **, void *, const char *), &g->function, module, "burn");
	CALL("cuMemAlloc_v2", (address *, size_t), &g->out, 4096);
}

static void launch(struct gpu *g)
{
	unsigned int rounds = 1 << 18; /* some hundredths of a second */
	void *parameters[] = {&g->out, &rounds};
	CALL("cuCtxSetCurrent", (void *), g->context);
	CALL("cuLaunchKernel", (void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **, void **),
	     g->function, 2048, 1, 1, 256, 1, 1, 0, NULL, parameters, NULL);
}

static void wait_for(struct gpu *g)
{
	CALL("cuCtxSetCurrent", (void *), g->context);
	if (((result (*)(void))symbol("cuCtxSynchronize"))() != 0) {
		fprintf(stderr, "burn: the kernel failed\n");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	int count = 0;
	library = dlopen("libcuda.so.1", RTLD_NOW);
	if (!library) {
		fprintf(stderr, "burn: %s\n", dlerror());
		return 3;
	}
	if (((result (*)(unsigned))symbol("cuInit"))(0) != 0)
		return 3;
	CALL("cuDeviceGetCount", (int *), &count);
	struct gpu *gpus = calloc((size_t)count + 1, sizeof *gpus);
	for (int i = 0; i < count; i++)
		prepare(&gpus[i], i);
	while (count > 0 && time(NULL) < end) {
		for (int i = 0; i < count; i++)
			launch(&gpus[i]);
		for (int i = 0; i < count; i++)
			wait_for(&gpus[i]);
	}
	printf("burned on %d GPUs\n", count);
	return count > 0 ? 0 : 3;
}
