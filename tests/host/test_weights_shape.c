/* tests/host/test_weights_shape.c - host/files/weights_shape.h: what was saved is what is read, or
 * refused. */
#include "host/files/weights_shape.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/safetensors.h"
#include "host/files/weights_file.h"
#include "tests/support/check.h"

static char folder[] = "/tmp/test_weights_shape.XXXXXX";
static char path[128];

static bool same(const ModelConfig *x, const ModelConfig *y) {
    return memcmp(x, y, sizeof *x) == 0;
}

static void every_size_is_read(void) {
    static const ModelConfig shapes[] = {
        {
            .inputs = 256,
            .width = 256,
            .heads = 8,
            .hidden = 1024,
            .layers = 6,
            .policy_hidden = 256,
            .actions = 52,
            .value_hidden = 128,
            .values = 8,
            .value_head = VALUE_SIGMOID,
        },
        {
            .inputs = 256,
            .width = 64,
            .heads = 4,
            .hidden = 96,
            .layers = 2,
            .policy_hidden = 48,
            .actions = 52,
            .value_hidden = 24,
            .values = 8,
            .value_head = VALUE_SIGMOID,
        },
        {
            .inputs = 64,
            .width = 32,
            .heads = 1,
            .hidden = 160,
            .layers = 11,
            .policy_hidden = 7,
            .actions = 5,
            .value_hidden = 3,
            .values = 1,
            .value_head = VALUE_TANH,
        },
        {
            .inputs = 32,
            .width = 96,
            .heads = 3,
            .hidden = 32,
            .layers = 1,
            .policy_hidden = 1,
            .actions = 9,
            .value_hidden = 2,
            .values = 2,
            .value_head = VALUE_TANH,
        },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        Weights weights;
        ModelConfig shape;
        CHECK(weights_alloc(&weights, &shapes[i]) == STATUS_OK);
        CHECK(weights_file_save(&weights, path, NULL) == STATUS_OK);
        CHECK(weights_file_shape(path, &shape) == STATUS_OK && same(&shape, &shapes[i]));
        weights_free(&weights);
        CHECK(weights_file_load(&weights, &shape, path) == STATUS_OK);
        weights_free(&weights);
    }
}

/* A file of the tensors named below alone, with what metadata it is given. */
typedef struct {
    int width, layers, values;
    const char *heads, *value_head, *left_out;
} Made;

static void write_file(const Made *m) {
    char names[16][64];
    SafeTensor t[16];
    int count = 0;
    memset(t, 0, sizeof t);
    const struct {
        const char *name;
        int rows, columns;
    } fixed[] = {{"input_embedding.weight", m->width, 256},
                 {"policy_fc.0.weight", 40, m->width},
                 {"policy_fc.3.weight", 52, 40},
                 {"value_fc.0.weight", 20, m->width},
                 {"value_fc.3.weight", m->values, 20}};
    for (int i = 0; i < 5 + m->layers; i++) {
        if (i < 5)
            snprintf(names[count], sizeof names[0], "%s", fixed[i].name);
        else
            snprintf(names[count], sizeof names[0], "transformer.layers.%d.linear1.weight", i - 5);
        if (m->left_out && strcmp(names[count], m->left_out) == 0) continue;
        t[count].name = names[count];
        t[count].rank = 2;
        t[count].dims[0] = i < 5 ? fixed[i].rows : 64;
        t[count].dims[1] = i < 5 ? fixed[i].columns : m->width;
        count++;
    }
    cJSON *texts = cJSON_CreateObject();
    if (m->heads) cJSON_AddStringToObject(texts, "heads", m->heads);
    if (m->value_head) cJSON_AddStringToObject(texts, "value_head", m->value_head);
    SafetensorsWriter w;
    static const float zeros[64 * 1024];
    CHECK(safetensors_create(&w, path, t, count, texts) == STATUS_OK);
    for (int i = 0; i < count; i++)
        CHECK(safetensors_append(&w, i, zeros,
                                 sizeof(float) * (size_t)(t[i].dims[0] * t[i].dims[1])) ==
              STATUS_OK);
    CHECK(safetensors_commit(&w) == STATUS_OK);
    cJSON_Delete(texts);
}

static void without_metadata_the_default_applies(void) {
    ModelConfig shape;
    Made made = {64, 3, 8, NULL, NULL, NULL};
    write_file(&made);
    CHECK(weights_file_shape(path, &shape) == STATUS_OK);
    CHECK(shape.width == 64 && shape.heads == 8 && shape.layers == 3 && shape.hidden == 64);
    CHECK(shape.policy_hidden == 40 && shape.value_hidden == 20 && shape.actions == 52);
    CHECK(shape.values == 8 && shape.value_head == VALUE_SIGMOID);
    made.values = 1;
    made.heads = "2";
    write_file(&made);
    CHECK(weights_file_shape(path, &shape) == STATUS_OK);
    CHECK(shape.values == 1 && shape.value_head == VALUE_TANH && shape.heads == 2);
    made.value_head = "sigmoid";
    write_file(&made);
    CHECK(weights_file_shape(path, &shape) == STATUS_OK && shape.value_head == VALUE_SIGMOID);
}

/* Layers are counted up to the first that is not there: the loader then names what is too much. */
static void refused(void) {
    static const Made cases[] = {{64, 2, 8, "0", NULL, NULL},
                                 {64, 2, 8, "2 ", NULL, NULL},
                                 {64, 2, 8, "", NULL, NULL},
                                 {64, 2, 8, "5", NULL, NULL},
                                 {64, 2, 8, NULL, "softmax", NULL},
                                 {48, 2, 8, NULL, NULL, NULL},
                                 {64, 0, 8, NULL, NULL, NULL},
                                 {64, 2, 8, NULL, NULL, "input_embedding.weight"},
                                 {64, 2, 8, NULL, NULL, "value_fc.3.weight"},
                                 {64, 2, 8, NULL, NULL, "policy_fc.0.weight"}};
    ModelConfig shape;
    int keep = dup(2), null = open("/dev/null", O_WRONLY); /* the lines about what is refused */
    dup2(null, 2);
    int accepted = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(&cases[i]);
        accepted += weights_file_shape(path, &shape) != STATUS_INPUT;
    }
    FILE *f = fopen(path, "wb");
    CHECK(f && fputs("not safetensors", f) >= 0 && fclose(f) == 0);
    accepted += weights_file_shape(path, &shape) != STATUS_INPUT;
    unlink(path);
    accepted += weights_file_shape(path, &shape) != STATUS_INPUT;
    dup2(keep, 2);
    close(keep);
    close(null);
    CHECK(accepted == 0);
}

int main(void) {
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/net.safetensors", folder);
    every_size_is_read();
    without_metadata_the_default_applies();
    refused();
    rmdir(folder);
    return check_report();
}
