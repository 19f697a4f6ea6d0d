/* An SNMPv2c agent that is as fast as one core lets it be: the printers of the benchmark.
 *
 *   responder PORT      answers on 0.0.0.0:PORT, from whichever 127.x.y.z it was asked at
 *
 * It knows twelve scalars, a supplies table of 56 cells and an alert table of 40, and four objects
 * after them. One in seven of those values is each printer's own: uptime, name, serial number, page
 * count, levels and the times of alerts. It reads GET (A0), GETNEXT (A1) and GETBULK (A5) with short-form lengths and trusts
 * its clients: it is no example of how to read packets from a network.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST = 256, ROOM = 8192 };

struct object {
    unsigned char name[32];
    int name_length;
    unsigned char pair[160]; /* the whole varbind: SEQUENCE { name, value } */
    int pair_length;
    int own; /* 1: its last two octets differ from printer to printer; 'A': in letters */
};

static struct object mib[MOST];
static int objects;

static int encode_name(const char *dotted, unsigned char *out) {
    unsigned long arcs[32] = {0};
    int count = 0, at = 1;
    for (const char *p = dotted; *p;) {
        arcs[count++] = strtoul(p, (char **)&p, 10);
        if (*p == '.') p++;
    }
    out[0] = (unsigned char)(arcs[0] * 40 + arcs[1]);
    for (int i = 2; i < count; i++) {
        int septets = 1;
        while (septets < 5 && arcs[i] >> (7 * septets)) septets++;
        while (septets-- > 0) out[at++] = (unsigned char)((septets ? 0x80 : 0) | (arcs[i] >> (7 * septets) & 0x7F));
    }
    return at;
}

static void vary(int letters) { mib[objects - 1].own = letters ? 'A' : 1; }

static void add(const char *dotted, unsigned char tag, const void *value, int length) {
    struct object *made = &mib[objects++];
    made->name_length = encode_name(dotted, made->name);
    unsigned char *p = made->pair;
    *p++ = 0x30;
    *p++ = (unsigned char)(4 + made->name_length + length);
    *p++ = 0x06;
    *p++ = (unsigned char)made->name_length;
    memcpy(p, made->name, made->name_length);
    p += made->name_length;
    *p++ = tag;
    *p++ = (unsigned char)length;
    memcpy(p, value, length);
    made->pair_length = (int)(p + length - made->pair);
}

static void add_text(const char *dotted, const char *text) { add(dotted, 0x04, text, (int)strlen(text)); }

static void add_number(const char *dotted, unsigned char tag, int number) {
    unsigned char octets[4] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                               (unsigned char)(number >> 8), (unsigned char)number};
    int skip = 0;
    while (skip < 3 && octets[skip] == 0 && octets[skip + 1] < 0x80) skip++;
    add(dotted, tag, octets + skip, 4 - skip);
}

static void add_table(const char *root, int first, int last, int rows, int text_column) {
    char dotted[96];
    for (int column = first; column <= last; column++)
        for (int row = 1; row <= rows; row++) {
            snprintf(dotted, sizeof dotted, "%s.%d.1.%d", root, column, row);
            if (column == text_column) add_text(dotted, "Black Toner Cartridge HP W9040MC");
            else add_number(dotted, 0x02, 1000 * column + row);
            if (column == last) vary(0);
        }
}

static void fill(void) {
    static const unsigned char product[] = {0x2B, 6, 1, 4, 1, 11, 2, 3, 9, 1};
    add_text("1.3.6.1.2.1.1.1.0", "HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD153,EEPROM JSI24050012");
    add("1.3.6.1.2.1.1.2.0", 0x06, product, sizeof product);
    add_number("1.3.6.1.2.1.1.3.0", 0x43, 123456789);
    vary(0);
    add_text("1.3.6.1.2.1.1.5.0", "NPI8F1A2B");
    vary(1);
    add_text("1.3.6.1.2.1.1.6.0", "third floor, copy room");
    add_text("1.3.6.1.2.1.25.3.2.1.3.1", "HP Color LaserJet MFP E87640");
    add_number("1.3.6.1.2.1.25.3.2.1.5.1", 0x02, 3);
    add_number("1.3.6.1.2.1.25.3.5.1.1.1", 0x02, 1);
    add("1.3.6.1.2.1.25.3.5.1.2.1", 0x04, "\x04\x00", 2);
    add_number("1.3.6.1.2.1.43.5.1.1.1.1", 0x41, 17);
    add_text("1.3.6.1.2.1.43.5.1.1.17.1", "CNB1K2L3M4");
    vary(1);
    add_number("1.3.6.1.2.1.43.10.2.1.4.1.1", 0x41, 481516);
    vary(0);
    add_table("1.3.6.1.2.1.43.11.1.1", 2, 9, 7, 6);
    add_table("1.3.6.1.2.1.43.18.1.1", 2, 9, 5, 8);
    for (int row = 1; row <= 4; row++) {
        char dotted[64];
        snprintf(dotted, sizeof dotted, "1.3.6.1.4.1.11.2.3.9.4.2.%d.0", row);
        add_number(dotted, 0x02, row);
    }
}

/* As arcs compare: no arc here needs more than two octets, and none starts alike with another length. */
static int compare(const unsigned char *name, int length, const struct object *known) {
    int shorter = length < known->name_length ? length : known->name_length;
    int order = memcmp(name, known->name, shorter);
    return order ? order : length - known->name_length;
}

static int at_or_after(const unsigned char *name, int length, int *equal) {
    int low = 0, high = objects;
    *equal = 0;
    while (low < high) {
        int middle = (low + high) / 2, order = compare(name, length, &mib[middle]);
        if (order == 0) { *equal = 1; return middle; }
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return low;
}

static unsigned printer; /* the address that was asked */

static unsigned char *put(unsigned char *out, int which, const unsigned char *name, int length, unsigned char missing) {
    if (which >= 0 && which < objects) {
        memcpy(out, mib[which].pair, mib[which].pair_length);
        out += mib[which].pair_length;
        unsigned mixed = (printer * 2654435761u) ^ (unsigned)(which * 40503);
        if (mib[which].own == 1) out[-1] = (unsigned char)(mixed >> 8), out[-2] = (unsigned char)(1 + (mixed >> 16 & 0x3F));
        else if (mib[which].own) out[-1] = (unsigned char)('A' + (mixed >> 8) % 26), out[-2] = (unsigned char)('A' + (mixed >> 16) % 26);
        return out;
    }
    *out++ = 0x30;
    *out++ = (unsigned char)(4 + length);
    *out++ = 0x06;
    *out++ = (unsigned char)length;
    memcpy(out, name, length);
    out += length;
    *out++ = missing;
    *out++ = 0;
    return out;
}

static const unsigned char *enter(const unsigned char *p) { /* over a tag and a length, short or long */
    return p + 2 + (p[1] > 0x80 ? p[1] & 0x7F : 0);
}

static unsigned char *header(unsigned char *start, unsigned char tag, int length) { /* writes backwards */
    *--start = (unsigned char)length;
    *--start = (unsigned char)(length >> 8);
    *--start = 0x82;
    *--start = tag;
    return start;
}

static int answer(const unsigned char *in, int size, unsigned char *room, unsigned char **packet) {
    const unsigned char *end = in + size, *p = enter(in), *front = p;
    p += 2 + p[1]; /* version */
    p += 2 + p[1]; /* community */
    int front_length = (int)(p - front);
    unsigned char kind = *p;
    p = enter(p);
    const unsigned char *id = p;
    int id_length = 2 + p[1];
    p += id_length;
    p += 2 + p[1];
    int repetitions = p[2];
    p = enter(p + 2 + p[1]);

    unsigned char *pairs = room + 64, *out = pairs;
    const unsigned char *names[64];
    int lengths[64], next[64], asked = 0;
    for (; p < end && asked < 64; asked++) {
        const unsigned char *name = enter(p);
        names[asked] = name + 2;
        lengths[asked] = name[1];
        p = name + 2 + name[1];
        p += 2 + p[1];
        int equal, which = at_or_after(names[asked], lengths[asked], &equal);
        next[asked] = which + equal;
        if (kind == 0xA0) out = put(out, equal ? which : -1, names[asked], lengths[asked], 0x81);
    }
    int rounds = kind == 0xA5 ? repetitions : kind == 0xA1;
    for (int more = 1; rounds-- > 0 && more;) {
        more = 0;
        for (int i = 0; i < asked; i++) {
            more |= next[i] < objects;
            out = put(out, next[i], mib[objects - 1].name, mib[objects - 1].name_length, 0x82);
            next[i]++;
        }
    }

    int length = (int)(out - pairs);
    unsigned char *start = header(pairs, 0x30, length);
    start -= 6;
    memcpy(start, "\x02\x01\x00\x02\x01\x00", 6);
    start -= id_length;
    memcpy(start, id, id_length);
    start = header(start, 0xA2, (int)(out - start));
    start -= front_length;
    memcpy(start, front, front_length);
    start = header(start, 0x30, (int)(out - start));
    *packet = start;
    return (int)(out - start);
}

int main(int count, char **arguments) {
    int on = 1, buffer = 8 << 20, fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in bound = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[count - 1]))};
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (bind(fd, (struct sockaddr *)&bound, sizeof bound)) return perror("bind"), 1;
    fill();
    puts("ready");
    fflush(stdout);
    for (;;) {
        static unsigned char in[ROOM], room[ROOM * 2];
        char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
        struct sockaddr_in peer;
        struct iovec data = {in, sizeof in};
        struct msghdr message = {&peer, sizeof peer, &data, 1, control, sizeof control, 0};
        ssize_t size = recvmsg(fd, &message, 0);
        if (size < 20) continue;
        struct cmsghdr *info = CMSG_FIRSTHDR(&message);
        struct in_pktinfo *where = (struct in_pktinfo *)CMSG_DATA(info);
        printer = ntohl(where->ipi_addr.s_addr);
        where->ipi_spec_dst = where->ipi_addr; /* answer from the address that was asked */
        where->ipi_ifindex = 0;
        unsigned char *packet;
        data.iov_len = (size_t)answer(in, (int)size, room, &packet);
        data.iov_base = packet;
        message.msg_flags = 0;
        sendmsg(fd, &message, 0);
    }
}
