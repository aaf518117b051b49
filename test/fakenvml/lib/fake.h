/* fake.h: what the files of the fake NVML library share. */
#ifndef FAKENVML_FAKE_H
#define FAKENVML_FAKE_H

#define NVML_NO_UNVERSIONED_FUNC_DEFS 1
#include "nvml.h" /* NVIDIA's own, as go-nvml ships it in gen/nvml */

#define MAX_GPUS 16
#define MAX_EVENTS 256
#define MAX_HANGS 8
#define NAME_LENGTH 96

/* A value is a constant, a ramp ("40..95@60": from 40 to 95 within 60 s) or a
 * counter ("100+5": from 100, 5 more a second). Time runs from the moment at
 * which the scenario first held this very text. */
typedef struct {
	char text[48];
	int set;
	double from, to, seconds, per_second;
	double since;
} value_t;

/* The values of a GPU that a scenario may set. X(name) becomes K_name. */
#define KEYS(X) \
	X(temperature) X(memory_temperature) X(margin) X(power) X(power_limit) X(energy) \
	X(utilization) X(memory_utilization) X(memory_used) X(clock) X(reasons) \
	X(ecc_corrected) X(ecc_uncorrected) X(ecc_uncorrected_lifetime) X(sram_exceeded) \
	X(remap_correctable) X(remap_uncorrectable) X(remap_pending) X(remap_failed) \
	X(retired) X(retirement_pending) X(pcie_generation) X(pcie_width) X(pcie_replays) \
	X(pcie_tx) X(pcie_rx) X(links_down) X(link_crc) X(link_replays) X(link_recoveries) \
	X(nvlink_tx) X(nvlink_rx) X(recovery_action) X(processes) X(tensor) X(lost) X(failing) X(absent) X(mig)

#define X(name) K_##name,
typedef enum { KEYS(X) K_COUNT } gpu_key_t;
#undef X

typedef struct {
	value_t values[K_COUNT];
	char uuid[NAME_LENGTH], serial[NAME_LENGTH];
} gpu_t;

typedef struct {
	unsigned long sequence;
	int gpu;
	unsigned long long type, data;
} scenario_event_t;

typedef struct {
	char function[NAME_LENGTH];
	int gpu; /* -1: every one */
} hang_t;

typedef struct {
	const char *name, *model;
	unsigned int architecture, pci_device;
	double memory_mib, power_idle, power_limit, clock_idle, clock_max, memory_clock;
	int links, nvlink_version, pcie_generation, mig, margin, memory_sensor, row_remap, gpm;
	int gpu_max, memory_max, slowdown, shutdown, slowdown_margin, shutdown_margin;
} profile_t;

typedef struct {
	const profile_t *profile;
	int gpus;
	char driver[NAME_LENGTH];
	nvmlReturn_t init; /* what nvmlInit answers */
	int down;          /* the driver is gone */
	gpu_t gpu[MAX_GPUS];
	scenario_event_t events[MAX_EVENTS];
	int event_count;
	hang_t hangs[MAX_HANGS];
	int hang_count;
} scenario_t;

/* scenario.c */
double fake_now(void);
const char *fake_path(void);
void fake_reload(void); /* reads the scenario again if the file changed */
extern scenario_t fake; /* guarded by fake_lock */
void fake_lock(void);
void fake_unlock(void);
double fake_value(int gpu, gpu_key_t key, double fallback);
int fake_is_set(int gpu, gpu_key_t key);

/* profiles.c */
const profile_t *fake_profile(const char *name);

/* nvml.c */
struct nvmlDevice_st {
	int gpu;
	int mig; /* 0: the GPU; n: its nth MIG device */
};
nvmlDevice_t fake_device(int gpu);
nvmlReturn_t fake_enter(const char *function, nvmlDevice_t device, int *gpu);

#endif
