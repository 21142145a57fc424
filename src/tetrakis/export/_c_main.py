"""The fixed parts of the C that is written."""

from __future__ import annotations

ROWS = """\
/* Swap the two halves of the index, step by step: bit c of word r becomes bit r of word c. */
static void transpose(uint64_t a[64])
{
    uint64_t mask = 0x00000000FFFFFFFFu;
    int step, k;
    for (step = 32; step; step >>= 1, mask ^= mask << step)
        for (k = 0; k < 64; k = ((k | step) + 1) & ~step) {
            const uint64_t t = ((a[k] >> step) ^ a[k | step]) & mask;
            a[k | step] ^= t;
            a[k] ^= t << step;
        }
}

/* 64 samples: rows[r * CIRCUIT_ROW_WORDS + k / 64] holds bit k of sample r at bit k % 64,
   results likewise. */
void circuit_rows(const uint64_t *rows, uint64_t *results)
{
    uint64_t in[64 * CIRCUIT_ROW_WORDS + 1], out[64 * CIRCUIT_RESULT_WORDS + 1] = {0};
    uint64_t block[64];
    int k, r;
    for (k = 0; k < CIRCUIT_ROW_WORDS; k++) {
        for (r = 0; r < 64; r++)
            block[r] = rows[r * CIRCUIT_ROW_WORDS + k];
        transpose(block);
        for (r = 0; r < 64; r++)
            in[64 * k + r] = block[r];
    }
    circuit(in, out);
    for (k = 0; k < CIRCUIT_RESULT_WORDS; k++) {
        for (r = 0; r < 64; r++)
            block[r] = out[64 * k + r];
        transpose(block);
        for (r = 0; r < 64; r++)
            results[r * CIRCUIT_RESULT_WORDS + k] = block[r];
    }
}
"""

BITS_MAIN = """\
#ifdef TETRAKIS_MAIN
/* Without arguments: 64 samples after the other from standard input, each block CIRCUIT_INPUTS
   words (with the argument "rows": 64 rows), to standard output. With a number: a benchmark of
   so many blocks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t state = 0x9E3779B97F4A7C15u;

static uint64_t random_word(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t bench(long rounds, int in_rows, size_t reads)
{
    static uint64_t in[64 * CIRCUIT_ROW_WORDS + 1], out[64 * CIRCUIT_RESULT_WORDS + 1];
    uint64_t sum = 0;
    size_t k;
    clock_t start;
    double seconds;
    long round;
    for (k = 0; k < reads; k++)
        in[k] = random_word();
    start = clock();
    for (round = 0; round < rounds; round++) {
        in[reads ? (size_t)round % reads : 0] ^= random_word();
        if (in_rows)
            circuit_rows(in, out);
        else
            circuit(in, out);
        for (k = 0; k < CIRCUIT_OUTPUTS; k++)
            sum = sum * 31 + out[k];
    }
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("%.4g predictions per second (%s)\\n", 64.0 * (double)rounds / seconds,
           in_rows ? "from rows" : "bit-sliced");
    return sum;
}

int main(int argc, char **argv)
{
    static uint64_t in[64 * CIRCUIT_ROW_WORDS + 1], out[64 * CIRCUIT_RESULT_WORDS + 1];
    const int in_rows = argc > 1 && !strcmp(argv[1], "rows");
    const size_t reads = in_rows ? 64 * CIRCUIT_ROW_WORDS : CIRCUIT_INPUTS;
    const size_t writes = in_rows ? 64 * CIRCUIT_RESULT_WORDS : CIRCUIT_OUTPUTS;
    if (argc > 1 && !in_rows) {
        const long rounds = atol(argv[1]);
        const uint64_t sum = bench(rounds, 0, CIRCUIT_INPUTS);
        printf("checksum %016llx\\n", (unsigned long long)sum);
        (void)bench(rounds, 1, 64 * CIRCUIT_ROW_WORDS);
        return 0;
    }
    do {
        if (reads && fread(in, sizeof *in, reads, stdin) != reads)
            break;
        if (in_rows)
            circuit_rows(in, out);
        else
            circuit(in, out);
        fwrite(out, sizeof *out, writes, stdout);
    } while (reads);
    return 0;
}
#endif
"""

WORDS_CORE = """\
static void set(network_int *s, const network_int *from, int32_t rows)
{
    int32_t i;
    for (i = 0; i < rows; i++)
        s[i] = from[i];
}

/* s += matrix * v; row i ends before entry end[i]. */
static void add(const network_weight *weight, const network_index *column,
                const network_index *end, int32_t rows, const network_int *v, network_int *s)
{
    network_index k = 0;
    int32_t i;
    for (i = 0; i < rows; i++)
        for (; k < end[i]; k++)
            s[i] += (network_int)weight[k] * v[column[k]];
}

static void relu(network_int *s, const uint8_t *shift, const network_int *top, int32_t rows)
{
    int32_t i;
    for (i = 0; i < rows; i++) {
        s[i] = s[i] > 0 ? s[i] >> shift[i] : 0;
        if (s[i] > top[i])
            s[i] = top[i];
    }
}
"""

WORDS_MAIN = """\
#ifdef TETRAKIS_MAIN
#include <stdio.h>

int main(void)
{
    static network_int x[NETWORK_INPUTS + 1], y[NETWORK_OUTPUTS + 1];
    long long code;
    int k;
    for (;;) {
        for (k = 0; k < NETWORK_INPUTS; k++) {
            if (scanf("%lld", &code) != 1)
                return 0;
            x[k] = (network_int)code;
        }
        network(x, y);
        for (k = 0; k < NETWORK_OUTPUTS; k++)
            printf(k ? " %lld" : "%lld", (long long)y[k]);
        printf("\\n");
        if (NETWORK_INPUTS == 0)
            return 0;
    }
}
#endif
"""
