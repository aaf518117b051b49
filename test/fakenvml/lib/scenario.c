/* scenario.c: reads the scenario and gives values their present size.
 *
 * A scenario is lines of words; # begins a comment. A line that is not
 * understood is reported on standard error and ignored.
 *
 *   profile H100          model, see profiles.c (A100, H100, H200, B200, T4)
 *   gpus 8                how many
 *   driver 580.95.05      version of the driver
 *   init 9                what nvmlInit answers (9: driver not loaded)
 *   down                  the driver went away while the library was in use
 *   gpu 3 lost 1          sets a value of one GPU; "gpu all" of each
 *   gpu 3 uuid GPU-x      or its uuid, or its serial
 *   event 7 gpu 3 xid 79  sends an event once, by its rising number
 *   event 8 gpu 3 type 0x8000 data 1
 *   hang nvmlDeviceGetTemperature [gpu 3]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fake.h"

scenario_t fake;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct timespec changed;
static off_t size = -1;
static ino_t inode;

void fake_lock(void) { pthread_mutex_lock(&lock); }
void fake_unlock(void) { pthread_mutex_unlock(&lock); }

double fake_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

const char *fake_path(void) { return getenv("FAKENVML_SCENARIO"); }

#define X(name) #name,
static const char *key_names[K_COUNT] = {KEYS(X)};
#undef X

static void parse_value(value_t *v, const char *text, const value_t *before)
{
	memset(v, 0, sizeof *v);
	snprintf(v->text, sizeof v->text, "%s", text);
	v->set = 1;
	v->since = before->set && strcmp(before->text, v->text) == 0 ? before->since : fake_now();
	char start[sizeof v->text];
	snprintf(start, sizeof start, "%s", v->text);
	char *ramp = strstr(start, ".."), *rest; /* strtod would take "40." of "40..95" */
	if (ramp)
		*ramp = '\0';
	v->from = v->to = strtod(start, &rest);
	if (*start == '0' && (start[1] == 'x' || start[1] == 'X'))
		v->from = v->to = (double)strtoull(start, &rest, 16);
	if (*rest == '+')
		v->per_second = strtod(rest + 1, &rest);
	if (ramp && *rest == '\0') {
		v->to = strtod(ramp + 2, &rest);
		if (*rest == '@')
			v->seconds = strtod(rest + 1, &rest);
	}
	if (*rest != '\0')
		fprintf(stderr, "fakenvml: cannot read value \"%s\"\n", text);
}

static double evaluate(const value_t *v)
{
	double t = fake_now() - v->since;
	if (v->per_second != 0)
		return v->from + v->per_second * t;
	if (v->seconds <= 0 || t >= v->seconds)
		return v->to;
	return v->from + (v->to - v->from) * t / v->seconds;
}

static int set_gpu(scenario_t *s, const scenario_t *before, int gpu, const char *key, const char *text)
{
	if (strcmp(key, "uuid") == 0) {
		snprintf(s->gpu[gpu].uuid, NAME_LENGTH, "%s", text);
		return 1;
	}
	if (strcmp(key, "serial") == 0) {
		snprintf(s->gpu[gpu].serial, NAME_LENGTH, "%s", text);
		return 1;
	}
	for (int k = 0; k < K_COUNT; k++)
		if (strcmp(key_names[k], key) == 0) {
			parse_value(&s->gpu[gpu].values[k], text, &before->gpu[gpu].values[k]);
			return 1;
		}
	return 0;
}

static int parse_gpu(scenario_t *s, const scenario_t *before, char **word, int n)
{
	if (n != 4)
		return 0;
	if (strcmp(word[1], "all") == 0) {
		int ok = 1;
		for (int gpu = 0; gpu < MAX_GPUS; gpu++)
			ok = set_gpu(s, before, gpu, word[2], word[3]) && ok;
		return ok;
	}
	int gpu = atoi(word[1]);
	return gpu >= 0 && gpu < MAX_GPUS && set_gpu(s, before, gpu, word[2], word[3]);
}

static int parse_event(scenario_t *s, char **word, int n)
{
	if (n < 6 || s->event_count == MAX_EVENTS || strcmp(word[2], "gpu") != 0)
		return 0;
	scenario_event_t *e = &s->events[s->event_count];
	e->sequence = strtoul(word[1], NULL, 10);
	e->gpu = atoi(word[3]);
	if (strcmp(word[4], "xid") == 0) {
		e->type = nvmlEventTypeXidCriticalError;
		e->data = strtoull(word[5], NULL, 0);
	} else if (strcmp(word[4], "type") == 0) {
		e->type = strtoull(word[5], NULL, 0);
		e->data = n == 8 ? strtoull(word[7], NULL, 0) : 0;
	} else {
		return 0;
	}
	s->event_count++;
	return e->gpu >= 0 && e->gpu < MAX_GPUS;
}

static int parse_line(scenario_t *s, const scenario_t *before, char **word, int n)
{
	if (strcmp(word[0], "gpu") == 0)
		return parse_gpu(s, before, word, n);
	if (strcmp(word[0], "event") == 0)
		return parse_event(s, word, n);
	if (strcmp(word[0], "down") == 0)
		return s->down = 1;
	if (n < 2)
		return 0;
	if (strcmp(word[0], "hang") == 0 && s->hang_count < MAX_HANGS) {
		hang_t *h = &s->hangs[s->hang_count++];
		snprintf(h->function, NAME_LENGTH, "%s", word[1]);
		h->gpu = n == 4 ? atoi(word[3]) : -1;
		return 1;
	}
	if (strcmp(word[0], "profile") == 0)
		return (s->profile = fake_profile(word[1])) != NULL;
	if (strcmp(word[0], "gpus") == 0)
		return (s->gpus = atoi(word[1])) >= 0 && s->gpus <= MAX_GPUS;
	if (strcmp(word[0], "init") == 0)
		return s->init = (nvmlReturn_t)atoi(word[1]), 1;
	if (strcmp(word[0], "driver") == 0)
		return snprintf(s->driver, NAME_LENGTH, "%s", word[1]) > 0;
	return 0;
}

static void parse(FILE *f, scenario_t *s, const scenario_t *before)
{
	char line[256], copy[256];
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "#\r\n")] = '\0';
		snprintf(copy, sizeof copy, "%s", line);
		char *word[9], *save = NULL;
		int n = 0;
		for (char *w = strtok_r(line, " \t", &save); w && n < 8; w = strtok_r(NULL, " \t", &save))
			word[n++] = w;
		if (n > 0 && !parse_line(s, before, word, n))
			fprintf(stderr, "fakenvml: ignored \"%s\"\n", copy);
	}
	if (s->profile == NULL)
		s->profile = fake_profile("H100");
}

void fake_reload(void)
{
	static scenario_t next; /* guarded by the lock */
	struct stat st = {0};
	const char *path = fake_path();
	if (fake.profile != NULL && (path == NULL || stat(path, &st) != 0 ||
				     (st.st_size == size && st.st_ino == inode && st.st_mtim.tv_sec == changed.tv_sec &&
				      st.st_mtim.tv_nsec == changed.tv_nsec)))
		return;
	memset(&next, 0, sizeof next);
	next.gpus = 8;
	snprintf(next.driver, sizeof next.driver, "580.95.05");
	FILE *f = path ? fopen(path, "r") : NULL;
	if (f) {
		fstat(fileno(f), &st);
		changed = st.st_mtim, size = st.st_size, inode = st.st_ino;
		parse(f, &next, &fake);
		fclose(f);
	} else {
		next.profile = fake_profile("H100");
	}
	fake = next;
}

int fake_is_set(int gpu, gpu_key_t key) { return fake.gpu[gpu].values[key].set; }

double fake_value(int gpu, gpu_key_t key, double fallback)
{
	const value_t *v = &fake.gpu[gpu].values[key];
	return v->set ? evaluate(v) : fallback;
}
