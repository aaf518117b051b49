/* profiles.c: what the models are like. The numbers are those of the data
 * sheets; a profile with no margin, row remap or NVLink answers "not supported"
 * as the model does. */
#include <string.h>
#include <strings.h>

#include "fake.h"

static const profile_t profiles[] = {
	{.name = "A100", .model = "NVIDIA A100-SXM4-80GB", .architecture = NVML_DEVICE_ARCH_AMPERE, .pci_device = 0x20B210DE,
	 .memory_mib = 81920, .power_idle = 62, .power_limit = 400, .clock_idle = 210, .clock_max = 1410, .memory_clock = 1593,
	 .links = 12, .nvlink_version = 3, .pcie_generation = 4, .mig = 1, .margin = 0, .memory_sensor = 1, .row_remap = 1, .gpm = 0,
	 .gpu_max = 85, .memory_max = 95, .slowdown = 89, .shutdown = 92},
	{.name = "H100", .model = "NVIDIA H100 80GB HBM3", .architecture = NVML_DEVICE_ARCH_HOPPER, .pci_device = 0x233010DE,
	 .memory_mib = 81559, .power_idle = 72, .power_limit = 700, .clock_idle = 345, .clock_max = 1980, .memory_clock = 2619,
	 .links = 18, .nvlink_version = 4, .pcie_generation = 5, .mig = 1, .margin = 1, .memory_sensor = 1, .row_remap = 1, .gpm = 1,
	 .gpu_max = 87, .memory_max = 95, .slowdown = 89, .shutdown = 92, .slowdown_margin = -2, .shutdown_margin = -8},
	{.name = "H200", .model = "NVIDIA H200", .architecture = NVML_DEVICE_ARCH_HOPPER, .pci_device = 0x233510DE,
	 .memory_mib = 143771, .power_idle = 75, .power_limit = 700, .clock_idle = 345, .clock_max = 1980, .memory_clock = 3201,
	 .links = 18, .nvlink_version = 4, .pcie_generation = 5, .mig = 1, .margin = 1, .memory_sensor = 1, .row_remap = 1, .gpm = 1,
	 .gpu_max = 87, .memory_max = 95, .slowdown = 89, .shutdown = 92, .slowdown_margin = -2, .shutdown_margin = -8},
	{.name = "B200", .model = "NVIDIA B200", .architecture = NVML_DEVICE_ARCH_BLACKWELL, .pci_device = 0x290110DE,
	 .memory_mib = 183359, .power_idle = 140, .power_limit = 1000, .clock_idle = 120, .clock_max = 1965, .memory_clock = 3996,
	 .links = 18, .nvlink_version = 5, .pcie_generation = 6, .mig = 1, .margin = 1, .memory_sensor = 1, .row_remap = 1, .gpm = 1,
	 .gpu_max = 87, .memory_max = 95, .slowdown = 89, .shutdown = 92, .slowdown_margin = -2, .shutdown_margin = -8},
	{.name = "T4", .model = "Tesla T4", .architecture = NVML_DEVICE_ARCH_TURING, .pci_device = 0x1EB810DE,
	 .memory_mib = 15360, .power_idle = 9, .power_limit = 70, .clock_idle = 300, .clock_max = 1590, .memory_clock = 5001,
	 .links = 0, .pcie_generation = 3, .mig = 0, .margin = 0, .memory_sensor = 0, .row_remap = 0, .gpm = 0,
	 .gpu_max = 85, .memory_max = 0, .slowdown = 93, .shutdown = 96},
};

const profile_t *fake_profile(const char *name)
{
	for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
		if (strcasecmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}
