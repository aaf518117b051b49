/* events.c: event sets. Every event of the scenario whose number is above that
 * of the last one delivered is delivered once to each set that registered its
 * GPU and type. A set sees a change of the scenario's file at once. */
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "fake.h"

struct nvmlEventSet_st {
	unsigned long long masks[MAX_GPUS];
	unsigned long delivered;
	int watch;
};

static const unsigned long long supported = nvmlEventTypeSingleBitEccError | nvmlEventTypeDoubleBitEccError |
	nvmlEventTypeXidCriticalError | nvmlEventTypeClock
#ifndef FAKENVML_OLD
	| nvmlEventTypeGpuRecoveryAction
#endif
	;

nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types)
{
	nvmlReturn_t ret = fake_enter(__func__, device, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	*types = supported;
	fake_unlock();
	return NVML_SUCCESS;
}

static unsigned long newest(void)
{
	unsigned long sequence = 0;
	for (int i = 0; i < fake.event_count; i++)
		if (fake.events[i].sequence > sequence)
			sequence = fake.events[i].sequence;
	return sequence;
}

nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set)
{
	nvmlReturn_t ret = fake_enter(__func__, NULL, NULL);
	if (ret != NVML_SUCCESS)
		return ret;
	nvmlEventSet_t s = calloc(1, sizeof *s);
	s->delivered = newest(); /* what happened before is lost, as it is with a driver */
	s->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	const char *path = fake_path();
	if (path) {
		char folder[4096];
		snprintf(folder, sizeof folder, "%s", path);
		inotify_add_watch(s->watch, dirname(folder), IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE);
	}
	*set = s;
	fake_unlock();
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set)
{
	close(set->watch);
	free(set);
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, nvmlEventSet_t set)
{
	int gpu;
	nvmlReturn_t ret = fake_enter(__func__, device, &gpu);
	if (ret != NVML_SUCCESS)
		return ret;
	if (types & ~supported)
		ret = NVML_ERROR_NOT_SUPPORTED;
	else
		set->masks[gpu] |= types;
	fake_unlock();
	return ret;
}

static int take(nvmlEventSet_t set, nvmlEventData_t *data)
{
	for (int i = 0; i < fake.event_count; i++) {
		const scenario_event_t *e = &fake.events[i];
		if (e->sequence <= set->delivered)
			continue;
		set->delivered = e->sequence;
		if (!(set->masks[e->gpu] & e->type))
			continue;
		*data = (nvmlEventData_t){fake_device(e->gpu), e->type, e->data, 0xFFFFFFFF, 0xFFFFFFFF};
		return 1;
	}
	return 0;
}

nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned int timeout_ms)
{
	double end = fake_now() + timeout_ms / 1000.0;
	for (;;) {
		nvmlReturn_t ret = fake_enter(__func__, NULL, NULL);
		if (ret != NVML_SUCCESS)
			return ret;
		int found = take(set, data);
		fake_unlock();
		if (found)
			return NVML_SUCCESS;
		double left = end - fake_now();
		if (left <= 0)
			return NVML_ERROR_TIMEOUT;
		struct pollfd p = {set->watch, POLLIN, 0};
		char buffer[4096];
		if (poll(&p, 1, (int)(left * 1000) + 1) > 0)
			while (read(set->watch, buffer, sizeof buffer) > 0)
				;
	}
}
