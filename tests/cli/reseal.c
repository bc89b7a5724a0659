/* tests/cli/reseal.c - reseal FILE OLD NEW: one text of a safetensors file's header becomes another
 * of the same length, and the checksum right again, so that only the change can be refused. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static char *find(char *in, size_t size, const char *text) {
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(in + i, text, length) == 0) return in + i;
    return NULL;
}

/* *size: of the file. The caller frees. */
static char *read_file(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) return NULL;
    long end = ftell(f);
    char *bytes = end > 8 ? malloc((size_t)end) : NULL;
    rewind(f);
    *size = bytes ? (size_t)end : 0;
    if (bytes && fread(bytes, 1, *size, f) != *size) *size = 0;
    fclose(f);
    return bytes;
}

static int seal(char *bytes, size_t size) {
    char digits[17], *sum = find(bytes, size, "\"xxh64\":\"");
    if (!sum) return 1;
    sum += strlen("\"xxh64\":\"");
    memset(sum, '0', 16);
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)XXH64(bytes, size, 0));
    memcpy(sum, digits, 16);
    return 0;
}

int main(int argc, char **argv) {
    size_t size = 0;
    if (argc != 4 || strlen(argv[2]) != strlen(argv[3])) return 2;
    char *bytes = read_file(argv[1], &size), *at = bytes ? find(bytes, size, argv[2]) : NULL;
    if (!at) {
        fprintf(stderr, "%s: cannot be read, or has no %s\n", argv[1], argv[2]);
        return 1;
    }
    memcpy(at, argv[3], strlen(argv[3]));
    int failed = seal(bytes, size);
    FILE *f = fopen(argv[1], "wb");
    failed |= !f || fwrite(bytes, 1, size, f) != size;
    failed |= f && fclose(f) != 0;
    free(bytes);
    return failed;
}
