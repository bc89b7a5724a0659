/* host/run/run_identity.c - collects the deciding options, the network, and facts of the
 * machine. */
#include "run_identity.h"

#include <sys/utsname.h>

#include "host/files/json_line.h"
#include "host/files/weights_file.h"
#include "host/games/identity.h"

static void add_number(cJSON *object, const char *name, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    cJSON_AddStringToObject(object, name, text);
}

cJSON *run_identity(const SelfplayOptions *options, const SelfplayConfig *config,
                    const Device *device, const Weights *weights) {
    cJSON *identity = cJSON_CreateObject();
    char hash[WEIGHTS_HASH_TEXT], arithmetic[128];
    if (!identity) return NULL;
    cJSON_AddStringToObject(identity, "format_version", IDENTITY_FORMAT_VERSION);
    add_number(identity, "observation_version", OBSERVE_VERSION);
    play_options_identity(&selfplay_option_table, options, "c_puct", identity);
    if (!weights) {
        cJSON_AddStringToObject(identity, "weights", "none");
        return identity;
    }
    weights_file_hash(weights, hash);
    cJSON_AddStringToObject(identity, "weights", hash);
    cJSON_AddStringToObject(identity, "precision", precision_name(config->precision));
    if (config->precision == PRECISION_INT8) return identity; /* the same bits on every device */
    device->net->arithmetic(config->network, arithmetic, sizeof arithmetic);
    cJSON_AddStringToObject(identity, "arithmetic", arithmetic);
    return identity;
}

cJSON *run_machine_facts(const char *program, const char *device_text) {
    cJSON *machine = cJSON_CreateObject();
    struct utsname name;
    if (!machine) return NULL;
    cJSON_AddStringToObject(machine, "program", program);
    cJSON_AddStringToObject(machine, "version", BLOB_VERSION);
    cJSON_AddStringToObject(machine, "revision", options_revision());
    cJSON_AddStringToObject(machine, "device", device_text);
    if (uname(&name) == 0) {
        cJSON_AddStringToObject(machine, "system", name.sysname);
        cJSON_AddStringToObject(machine, "architecture", name.machine);
    }
    return machine;
}

cJSON *run_machine(const SelfplayOptions *options, const SelfplayConfig *config,
                   const char *device_text) {
    cJSON *machine = run_machine_facts(selfplay_option_table.program, device_text);
    if (!machine) return NULL;
    if (options->weights) json_line_add_text(machine, "weights_file", options->weights);
    cJSON_AddNumberToObject(machine, "parallel", config->parallel);
    cJSON_AddNumberToObject(machine, "waves_per_epoch", config->waves);
    return machine;
}
