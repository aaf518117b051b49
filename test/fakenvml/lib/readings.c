/* readings.c: what the devices measure. */
#include <string.h>

#include "fake.h"

#define ENTER(device)                                             \
	int gpu;                                                  \
	nvmlReturn_t ret = fake_enter(__func__, device, &gpu);    \
	if (ret != NVML_SUCCESS)                                  \
		return ret

static nvmlReturn_t leave(nvmlReturn_t ret)
{
	fake_unlock();
	return ret;
}

static double utilization(int gpu) { return fake_value(gpu, K_utilization, 0); }
static double temperature(int gpu) { return fake_value(gpu, K_temperature, 32 + 0.3 * utilization(gpu)); }

static double power(int gpu)
{
	double idle = fake.profile->power_idle;
	return fake_value(gpu, K_power, idle + (fake.profile->power_limit * 0.9 - idle) * utilization(gpu) / 100);
}

static double power_limit(int gpu) { return fake_value(gpu, K_power_limit, fake.profile->power_limit); }
static double energy(int gpu) { return fake_value(gpu, K_energy, 0) != 0 ? fake_value(gpu, K_energy, 0) : 1000 * power(gpu) * fake_now(); }
static double margin(int gpu) { return fake_value(gpu, K_margin, fake.profile->gpu_max - temperature(gpu)); }

static double clock_mhz(int gpu)
{
	double idle = fake.profile->clock_idle;
	return fake_value(gpu, K_clock, utilization(gpu) > 0 ? fake.profile->clock_max - 30 : idle);
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, nvmlTemperatureSensors_t sensor, unsigned int *celsius)
{
	(void)sensor;
	ENTER(device);
	*celsius = (unsigned int)temperature(gpu);
	return leave(NVML_SUCCESS);
}

#ifndef FAKENVML_OLD /* the old library lacks what came with newer drivers */
nvmlReturn_t nvmlDeviceGetMarginTemperature(nvmlDevice_t device, nvmlMarginTemperature_t *info)
{
	ENTER(device);
	if (!fake.profile->margin)
		return leave(NVML_ERROR_NOT_SUPPORTED);
	info->marginTemperature = (int)margin(gpu);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetSramEccErrorStatus(nvmlDevice_t device, nvmlEccSramErrorStatus_t *status)
{
	ENTER(device);
	if (!fake.profile->row_remap)
		return leave(NVML_ERROR_NOT_SUPPORTED);
	status->bThresholdExceeded = (unsigned int)fake_value(gpu, K_sram_exceeded, 0);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device, unsigned long long *reasons)
{
	ENTER(device);
	*reasons = (unsigned long long)fake_value(gpu, K_reasons, utilization(gpu) > 0 ? 0 : 1);
	return leave(NVML_SUCCESS);
}
#endif

nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device, unsigned long long *reasons)
{
	ENTER(device);
	*reasons = (unsigned long long)fake_value(gpu, K_reasons, utilization(gpu) > 0 ? 0 : 1);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device, nvmlTemperatureThresholds_t type, unsigned int *celsius)
{
	ENTER(device);
	(void)gpu;
	int value = 0;
	switch (type) {
	case NVML_TEMPERATURE_THRESHOLD_SHUTDOWN: value = fake.profile->shutdown; break;
	case NVML_TEMPERATURE_THRESHOLD_SLOWDOWN: value = fake.profile->slowdown; break;
	case NVML_TEMPERATURE_THRESHOLD_MEM_MAX: value = fake.profile->memory_max; break;
	case NVML_TEMPERATURE_THRESHOLD_GPU_MAX: value = fake.profile->gpu_max; break;
	default: break;
	}
	*celsius = (unsigned int)value;
	return leave(value ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED);
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int *milliwatts)
{
	ENTER(device);
	*milliwatts = (unsigned int)(1000 * power(gpu));
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned int *milliwatts)
{
	ENTER(device);
	*milliwatts = (unsigned int)(1000 * power_limit(gpu));
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device, unsigned long long *millijoules)
{
	ENTER(device);
	*millijoules = (unsigned long long)energy(gpu);
	return leave(fake.profile->links ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED);
}

nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int *mhz)
{
	ENTER(device);
	*mhz = (unsigned int)(type == NVML_CLOCK_MEM ? fake.profile->memory_clock : clock_mhz(gpu));
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int *mhz)
{
	ENTER(device);
	(void)gpu;
	*mhz = (unsigned int)(type == NVML_CLOCK_MEM ? fake.profile->memory_clock : fake.profile->clock_max);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *rates)
{
	ENTER(device);
	if (fake_value(gpu, K_mig, 0) != 0)
		return leave(NVML_ERROR_NOT_SUPPORTED);
	rates->gpu = (unsigned int)utilization(gpu);
	rates->memory = (unsigned int)fake_value(gpu, K_memory_utilization, utilization(gpu) / 2);
	return leave(NVML_SUCCESS);
}

static double memory_used(int gpu) { return fake_value(gpu, K_memory_used, utilization(gpu) > 0 ? fake.profile->memory_mib / 2 : 0); }

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
	ENTER(device);
	memory->total = (unsigned long long)fake.profile->memory_mib << 20;
	memory->used = (unsigned long long)(memory_used(gpu) * 1048576);
	memory->free = memory->total - memory->used;
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
	ENTER(device);
	memory->total = (unsigned long long)fake.profile->memory_mib << 20;
	memory->reserved = 512ULL << 20;
	memory->used = (unsigned long long)(memory_used(gpu) * 1048576);
	memory->free = memory->total - memory->reserved - memory->used;
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, nvmlMemoryErrorType_t type, nvmlEccCounterType_t counter, unsigned long long *count)
{
	ENTER(device);
	gpu_key_t key = K_ecc_corrected;
	if (type == NVML_MEMORY_ERROR_TYPE_UNCORRECTED)
		key = counter == NVML_VOLATILE_ECC ? K_ecc_uncorrected : K_ecc_uncorrected_lifetime;
	*count = (unsigned long long)fake_value(gpu, key, 0);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned int *correctable, unsigned int *uncorrectable, unsigned int *pending, unsigned int *failed)
{
	ENTER(device);
	if (!fake.profile->row_remap || fake_value(gpu, K_mig, 0) != 0)
		return leave(NVML_ERROR_NOT_SUPPORTED);
	*correctable = (unsigned int)fake_value(gpu, K_remap_correctable, 0);
	*uncorrectable = (unsigned int)fake_value(gpu, K_remap_uncorrectable, 0);
	*pending = (unsigned int)fake_value(gpu, K_remap_pending, 0);
	*failed = (unsigned int)fake_value(gpu, K_remap_failed, 0);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetRetiredPages(nvmlDevice_t device, nvmlPageRetirementCause_t cause, unsigned int *count, unsigned long long *addresses)
{
	ENTER(device);
	if (fake.profile->row_remap)
		return leave(NVML_ERROR_NOT_SUPPORTED);
	unsigned int n = cause == NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR ? (unsigned int)fake_value(gpu, K_retired, 0) : 0;
	unsigned int room = *count;
	*count = n;
	if (room < n)
		return leave(NVML_ERROR_INSUFFICIENT_SIZE);
	for (unsigned int i = 0; i < n && addresses; i++)
		addresses[i] = 0x10000ULL * (i + 1);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetRetiredPagesPendingStatus(nvmlDevice_t device, nvmlEnableState_t *pending)
{
	ENTER(device);
	if (fake.profile->row_remap)
		return leave(NVML_ERROR_NOT_SUPPORTED);
	*pending = fake_value(gpu, K_retirement_pending, 0) != 0 ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED;
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetCurrPcieLinkGeneration(nvmlDevice_t device, unsigned int *generation)
{
	ENTER(device);
	*generation = (unsigned int)fake_value(gpu, K_pcie_generation, fake.profile->pcie_generation);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetMaxPcieLinkGeneration(nvmlDevice_t device, unsigned int *generation)
{
	ENTER(device);
	(void)gpu;
	*generation = (unsigned int)fake.profile->pcie_generation;
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetCurrPcieLinkWidth(nvmlDevice_t device, unsigned int *width)
{
	ENTER(device);
	*width = (unsigned int)fake_value(gpu, K_pcie_width, 16);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetMaxPcieLinkWidth(nvmlDevice_t device, unsigned int *width)
{
	ENTER(device);
	(void)gpu;
	*width = 16;
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetPcieReplayCounter(nvmlDevice_t device, unsigned int *count)
{
	ENTER(device);
	*count = (unsigned int)fake_value(gpu, K_pcie_replays, 0);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device, nvmlPcieUtilCounter_t counter, unsigned int *kilobytes)
{
	ENTER(device);
	*kilobytes = (unsigned int)fake_value(gpu, counter == NVML_PCIE_UTIL_TX_BYTES ? K_pcie_tx : K_pcie_rx, 1000 * utilization(gpu));
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned int link, nvmlEnableState_t *active)
{
	ENTER(device);
	if ((int)link >= fake.profile->links)
		return leave(fake.profile->links ? NVML_ERROR_INVALID_ARGUMENT : NVML_ERROR_NOT_SUPPORTED);
	*active = (double)link < fake.profile->links - fake_value(gpu, K_links_down, 0) ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED;
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_t *infos)
{
	ENTER(device);
	unsigned int n = (unsigned int)fake_value(gpu, K_processes, 0), room = *count;
	*count = n;
	if (room < n)
		return leave(NVML_ERROR_INSUFFICIENT_SIZE);
	for (unsigned int i = 0; i < n && infos; i++)
		infos[i] = (nvmlProcessInfo_t){4000 + 100 * (unsigned int)gpu + i, 1ULL << 30, 0xFFFFFFFF, 0xFFFFFFFF};
	return leave(NVML_SUCCESS);
}

static void field(int gpu, nvmlFieldValue_t *f)
{
	const profile_t *p = fake.profile;
	nvmlReturn_t margins = p->margin ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
	nvmlReturn_t linked = p->links ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
	f->nvmlReturn = NVML_SUCCESS;
	f->valueType = NVML_VALUE_TYPE_UNSIGNED_LONG_LONG;
	f->value.ullVal = 0;
	switch (f->fieldId) {
	case NVML_FI_DEV_MEMORY_TEMP:
		f->valueType = NVML_VALUE_TYPE_UNSIGNED_INT;
		f->nvmlReturn = p->memory_sensor ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
		f->value.uiVal = (unsigned int)fake_value(gpu, K_memory_temperature, temperature(gpu) + 4);
		break;
	case NVML_FI_DEV_TEMPERATURE_SHUTDOWN_TLIMIT:
		f->valueType = NVML_VALUE_TYPE_SIGNED_INT, f->nvmlReturn = margins, f->value.siVal = p->shutdown_margin;
		break;
	case NVML_FI_DEV_TEMPERATURE_SLOWDOWN_TLIMIT:
		f->valueType = NVML_VALUE_TYPE_SIGNED_INT, f->nvmlReturn = margins, f->value.siVal = p->slowdown_margin;
		break;
	case NVML_FI_DEV_TEMPERATURE_MEM_MAX_TLIMIT:
	case NVML_FI_DEV_TEMPERATURE_GPU_MAX_TLIMIT:
		f->valueType = NVML_VALUE_TYPE_SIGNED_INT, f->nvmlReturn = margins, f->value.siVal = 0;
		break;
	case NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL:
		f->nvmlReturn = linked, f->value.ullVal = (unsigned long long)fake_value(gpu, K_link_crc, 0);
		break;
	case NVML_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL:
		f->nvmlReturn = linked;
		break;
	case NVML_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL:
		f->nvmlReturn = linked, f->value.ullVal = (unsigned long long)fake_value(gpu, K_link_replays, 0);
		break;
	case NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL:
		f->nvmlReturn = linked, f->value.ullVal = (unsigned long long)fake_value(gpu, K_link_recoveries, 0);
		break;
	case NVML_FI_DEV_NVLINK_THROUGHPUT_RAW_TX:
		f->nvmlReturn = linked, f->value.ullVal = (unsigned long long)fake_value(gpu, K_nvlink_tx, 0);
		break;
	case NVML_FI_DEV_NVLINK_THROUGHPUT_RAW_RX:
		f->nvmlReturn = linked, f->value.ullVal = (unsigned long long)fake_value(gpu, K_nvlink_rx, 0);
		break;
#ifndef FAKENVML_OLD
	case NVML_FI_DEV_GET_GPU_RECOVERY_ACTION:
		f->valueType = NVML_VALUE_TYPE_UNSIGNED_INT, f->value.uiVal = (unsigned int)fake_value(gpu, K_recovery_action, 0);
		break;
#endif
	default:
		f->nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
	}
}

nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, nvmlFieldValue_t *values)
{
	ENTER(device);
	for (int i = 0; i < count; i++)
		field(gpu, &values[i]);
	return leave(NVML_SUCCESS);
}

/* GPM: two samples, and what happened between them. */

struct nvmlGpmSample_st {
	int gpu;
};

static struct nvmlGpmSample_st samples[4 * MAX_GPUS];
static int sample_count;

nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device, nvmlGpmSupport_t *support)
{
	ENTER(device);
	support->isSupportedDevice = (unsigned int)(fake.profile->gpm && fake_value(gpu, K_mig, 0) == 0);
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlGpmSampleAlloc(nvmlGpmSample_t *sample)
{
	fake_lock();
	*sample = &samples[sample_count++ % (4 * MAX_GPUS)];
	return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlGpmSampleFree(nvmlGpmSample_t sample)
{
	(void)sample;
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlGpmSampleGet(nvmlDevice_t device, nvmlGpmSample_t sample)
{
	ENTER(device);
	sample->gpu = gpu;
	return leave(fake.profile->gpm ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED);
}

nvmlReturn_t nvmlGpmMetricsGet(nvmlGpmMetricsGet_t *get)
{
	fake_lock();
	int gpu = get->sample2->gpu;
	for (unsigned int i = 0; i < get->numMetrics; i++) {
		nvmlGpmMetric_t *m = &get->metrics[i];
		m->nvmlReturn = m->metricId == NVML_GPM_METRIC_ANY_TENSOR_UTIL ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
		m->value = 100 * fake_value(gpu, K_tensor, 0.006 * utilization(gpu));
	}
	return leave(NVML_SUCCESS);
}
