/* nvml.c: the library's life, and who its devices are. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake.h"

static struct nvmlDevice_st devices[MAX_GPUS][8];
static int users;     /* successful Inits less Shutdowns */
static int listed[MAX_GPUS]; /* the GPUs that the last Init found */
static int listed_count;

nvmlDevice_t fake_device(int gpu) { return &devices[gpu][0]; }

static nvmlReturn_t initialise(void)
{
	fake_lock();
	fake_reload();
	nvmlReturn_t ret = fake.down ? NVML_ERROR_DRIVER_NOT_LOADED : fake.init;
	if (ret == NVML_SUCCESS) {
		users++;
		listed_count = 0;
		for (int gpu = 0; gpu < fake.gpus; gpu++) {
			for (int mig = 0; mig < 8; mig++)
				devices[gpu][mig] = (struct nvmlDevice_st){gpu, mig};
			if (fake_value(gpu, K_absent, 0) == 0)
				listed[listed_count++] = gpu;
		}
	}
	fake_unlock();
	return ret;
}

nvmlReturn_t nvmlInit_v2(void) { return initialise(); }
nvmlReturn_t nvmlInitWithFlags(unsigned int flags) { (void)flags; return initialise(); }

nvmlReturn_t nvmlShutdown(void)
{
	fake_lock();
	nvmlReturn_t ret = users > 0 ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
	if (users > 0)
		users--;
	fake_unlock();
	return ret;
}

static int hangs(const char *function, int gpu)
{
	for (int i = 0; i < fake.hang_count; i++)
		if (strcmp(fake.hangs[i].function, function) == 0 && (fake.hangs[i].gpu < 0 || fake.hangs[i].gpu == gpu))
			return 1;
	return 0;
}

/* fake_enter begins every call: it takes the lock, which the caller returns,
 * unless it answers an error. A call that should hang hangs here. */
nvmlReturn_t fake_enter(const char *function, nvmlDevice_t device, int *gpu)
{
	fake_lock();
	fake_reload();
	int which = device ? device->gpu : -1;
	while (hangs(function, which)) {
		fake_unlock();
		usleep(20000);
		fake_lock();
		fake_reload();
	}
	nvmlReturn_t ret = NVML_SUCCESS;
	if (users == 0)
		ret = NVML_ERROR_UNINITIALIZED;
	else if (fake.down)
		ret = NVML_ERROR_DRIVER_NOT_LOADED;
	else if (device && (fake_value(which, K_lost, 0) != 0 || fake_value(which, K_absent, 0) != 0))
		ret = NVML_ERROR_GPU_IS_LOST;
	else if (device && fake_value(which, K_failing, 0) != 0)
		ret = NVML_ERROR_UNKNOWN;
	if (ret != NVML_SUCCESS) {
		fake_unlock();
		return ret;
	}
	if (gpu)
		*gpu = which;
	return NVML_SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t result)
{
	switch (result) {
	case NVML_SUCCESS: return "The operation was successful";
	case NVML_ERROR_UNINITIALIZED: return "NVML was not first initialized";
	case NVML_ERROR_NOT_SUPPORTED: return "The requested operation is not available on target device";
	case NVML_ERROR_DRIVER_NOT_LOADED: return "NVIDIA driver is not loaded";
	case NVML_ERROR_TIMEOUT: return "The user provided timeout passed";
	case NVML_ERROR_GPU_IS_LOST: return "GPU is lost";
	case NVML_ERROR_LIB_RM_VERSION_MISMATCH: return "RM has detected an NVML/RM version mismatch.";
	default: return "Unknown error";
	}
}

static nvmlReturn_t text(const char *function, char *to, unsigned int length, const char *from)
{
	nvmlReturn_t ret = fake_enter(function, NULL, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	snprintf(to, length, "%s", from ? from : fake.driver);
	fake_unlock();
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length) { return text(__func__, version, length, NULL); }
nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned int length) { return text(__func__, version, length, "13.580.95.05"); }

nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
	nvmlReturn_t ret = fake_enter(__func__, NULL, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	*version = 13000;
	fake_unlock();
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count)
{
	nvmlReturn_t ret = fake_enter(__func__, NULL, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	*count = (unsigned int)listed_count;
	fake_unlock();
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
	nvmlReturn_t ret = fake_enter(__func__, NULL, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	if (index >= (unsigned int)listed_count)
		ret = NVML_ERROR_INVALID_ARGUMENT;
	else if (fake_value(listed[index], K_lost, 0) != 0)
		ret = NVML_ERROR_GPU_IS_LOST;
	else
		*device = &devices[listed[index]][0];
	fake_unlock();
	return ret;
}

static void uuid_of(nvmlDevice_t device, char *to, unsigned int length)
{
	const char *given = fake.gpu[device->gpu].uuid;
	if (device->mig)
		snprintf(to, length, "MIG-%s-0000-4000-8000-%06x%06x", fake.profile->name, device->gpu, device->mig);
	else if (given[0])
		snprintf(to, length, "%s", given);
	else
		snprintf(to, length, "GPU-%08x-0000-4000-8000-%012x", fake.profile->pci_device, device->gpu);
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length)
{
	nvmlReturn_t ret = fake_enter(__func__, device, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	uuid_of(device, uuid, length);
	fake_unlock();
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
	nvmlReturn_t ret = fake_enter(__func__, NULL, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	ret = NVML_ERROR_NOT_FOUND;
	for (int i = 0; i < listed_count; i++) {
		char own[NAME_LENGTH];
		uuid_of(&devices[listed[i]][0], own, sizeof own);
		if (strcmp(own, uuid) == 0) {
			*device = &devices[listed[i]][0];
			ret = NVML_SUCCESS;
		}
	}
	fake_unlock();
	return ret;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length)
{
	nvmlReturn_t ret = fake_enter(__func__, device, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	snprintf(name, length, "%s", fake.profile->model);
	fake_unlock();
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetSerial(nvmlDevice_t device, char *serial, unsigned int length)
{
	int gpu;
	nvmlReturn_t ret = fake_enter(__func__, device, &gpu);
	if (ret != NVML_SUCCESS)
		return ret;
	if (fake.gpu[gpu].serial[0])
		snprintf(serial, length, "%s", fake.gpu[gpu].serial);
	else
		snprintf(serial, length, "1650%09d", gpu + 1);
	fake_unlock();
	return NVML_SUCCESS;
}

static nvmlReturn_t number(const char *function, nvmlDevice_t device, unsigned int *to, unsigned int (*of)(int))
{
	int gpu;
	nvmlReturn_t ret = fake_enter(function, device, &gpu);
	if (ret != NVML_SUCCESS)
		return ret;
	*to = of(gpu);
	fake_unlock();
	return NVML_SUCCESS;
}

static unsigned int own_index(int gpu)
{
	for (int i = 0; i < listed_count; i++)
		if (listed[i] == gpu)
			return (unsigned int)i;
	return 0;
}

static unsigned int architecture(int gpu) { (void)gpu; return fake.profile->architecture; }

nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index) { return number(__func__, device, index, own_index); }
nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned int *minor) { return number(__func__, device, minor, own_index); }
nvmlReturn_t nvmlDeviceGetArchitecture(nvmlDevice_t device, nvmlDeviceArchitecture_t *arch) { return number(__func__, device, arch, architecture); }

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
	int gpu;
	nvmlReturn_t ret = fake_enter(__func__, device, &gpu);
	if (ret != NVML_SUCCESS)
		return ret;
	memset(pci, 0, sizeof *pci);
	pci->bus = 0x18 + 0x10 * (unsigned int)gpu;
	pci->pciDeviceId = fake.profile->pci_device;
	snprintf(pci->busId, sizeof pci->busId, "00000000:%02X:00.0", pci->bus);
	snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "0000:%02X:00.0", pci->bus);
	fake_unlock();
	return NVML_SUCCESS;
}

/* MIG: seven devices of one slice each. */

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current, unsigned int *pending)
{
	int gpu;
	nvmlReturn_t ret = fake_enter(__func__, device, &gpu);
	if (ret != NVML_SUCCESS)
		return ret;
	if (fake.profile->mig)
		*current = *pending = (unsigned int)fake_value(gpu, K_mig, 0);
	else
		ret = NVML_ERROR_NOT_SUPPORTED;
	fake_unlock();
	return ret;
}

nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned int *count)
{
	nvmlReturn_t ret = fake_enter(__func__, device, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	*count = fake.profile->mig ? 7 : 0;
	fake_unlock();
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned int index, nvmlDevice_t *mig)
{
	int gpu;
	nvmlReturn_t ret = fake_enter(__func__, device, &gpu);
	if (ret != NVML_SUCCESS)
		return ret;
	if (index < 7 && fake_value(gpu, K_mig, 0) != 0)
		*mig = &devices[gpu][index + 1];
	else
		ret = NVML_ERROR_NOT_FOUND;
	fake_unlock();
	return ret;
}

nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned int *id)
{
	nvmlReturn_t ret = fake_enter(__func__, device, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	*id = (unsigned int)device->mig + 6;
	fake_unlock();
	return device->mig ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}
