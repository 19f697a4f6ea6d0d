/* net-snmp's library in a C loop: one session for each printer under way, one select for all.
 *
 *   net_snmp_client PORT PRINTERS IN_FLIGHT
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdio.h>
#include <sys/resource.h>

static const char *scalars[] = {
    "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.6.0",
    "1.3.6.1.2.1.25.3.2.1.3.1", "1.3.6.1.2.1.25.3.2.1.5.1", "1.3.6.1.2.1.25.3.5.1.1.1", "1.3.6.1.2.1.25.3.5.1.2.1",
    "1.3.6.1.2.1.43.5.1.1.1.1", "1.3.6.1.2.1.43.5.1.1.17.1", "1.3.6.1.2.1.43.10.2.1.4.1.1"};
static const oid roots[2][10] = {{1, 3, 6, 1, 2, 1, 43, 11, 1, 1}, {1, 3, 6, 1, 2, 1, 43, 18, 1, 1}};
enum { EXPECTED = 12 + 56 + 40, ROOT = 10 };

struct printer {
    struct snmp_session *session;
    int stage, got;
};

static int port, total, started, busy, failed;

enum { SCALARS, SUPPLIES, ALERTS, DONE };

static void finish(struct printer *printer) {
    failed += printer->got != EXPECTED;
    printer->stage = DONE; /* its session is closed outside of its own callback */
}

static void ask(struct printer *printer, const oid *from, size_t length) {
    struct snmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK);
    pdu->non_repeaters = 0;
    pdu->max_repetitions = 25;
    snmp_add_null_var(pdu, from, length);
    if (!snmp_send(printer->session, pdu)) snmp_free_pdu(pdu);
}

static int answered(int operation, struct snmp_session *session, int id, struct snmp_pdu *pdu, void *magic) {
    struct printer *printer = magic;
    struct variable_list *row, *last = NULL;
    (void)session;
    (void)id;
    if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE) return finish(printer), 1;
    for (row = pdu->variables; row; row = row->next_variable, last = row ? row : last) {
        if (printer->stage && (row->name_length < ROOT || memcmp(row->name, roots[printer->stage - 1], sizeof *roots))) break;
        printer->got++;
        last = row;
    }
    if (printer->stage && !row) ask(printer, last->name, last->name_length);
    else if (printer->stage < ALERTS) ask(printer, roots[printer->stage++], ROOT);
    else finish(printer);
    return 1;
}

static void begin(struct printer *printer) {
    struct snmp_session session;
    char peer[64];
    int number = started++;
    snprintf(peer, sizeof peer, "127.0.%d.%d:%d", 1 + number / 250, 1 + number % 250, port);
    snmp_sess_init(&session);
    session.version = SNMP_VERSION_2c;
    session.peername = peer;
    session.community = (u_char *)"public";
    session.community_len = 6;
    session.timeout = 10000000;
    session.callback = answered;
    session.callback_magic = printer;
    printer->stage = printer->got = 0;
    printer->session = snmp_open(&session);
    struct snmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
        oid name[MAX_OID_LEN];
        size_t length = MAX_OID_LEN;
        read_objid(scalars[i], name, &length);
        snmp_add_null_var(pdu, name, length);
    }
    busy++;
    snmp_send(printer->session, pdu);
}

static double cpu(struct rusage *used) {
    getrusage(RUSAGE_SELF, used);
    return used->ru_utime.tv_sec + used->ru_stime.tv_sec + (used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e6;
}

int main(int count, char **arguments) {
    struct rusage used;
    if (count < 4) return 2;
    port = atoi(arguments[1]);
    total = atoi(arguments[2]);
    int in_flight = atoi(arguments[3]);
    setenv("MIBS", "", 1);
    init_snmp("benchmark");
    struct printer *printers = calloc((size_t)in_flight, sizeof *printers);
    double began = cpu(&used);
    for (int i = 0; i < in_flight && started < total; i++) begin(&printers[i]);
    while (busy) {
        int highest = 0, block = 1;
        fd_set waiting;
        struct timeval timeout;
        FD_ZERO(&waiting);
        snmp_select_info(&highest, &waiting, &timeout, &block);
        if (select(highest, &waiting, NULL, NULL, block ? NULL : &timeout) > 0) snmp_read(&waiting);
        else snmp_timeout();
        for (int i = 0; i < in_flight; i++)
            if (printers[i].session && printers[i].stage == DONE) {
                snmp_close(printers[i].session);
                printers[i].session = NULL;
                busy--;
                if (started < total) begin(&printers[i]);
            }
    }
    double spent = cpu(&used) - began;
    printf("{\"cpu_ms_per_poll\": %f, \"rss_mb\": %f, \"failed_polls\": %d}\n", 1000 * spent / total,
           used.ru_maxrss / 1024.0, failed);
    return 0;
}
