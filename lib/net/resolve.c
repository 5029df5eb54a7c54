/* SPDX-License-Identifier: Apache-2.0 */

#include <netinet/in.h>
#include <stdio.h>

#include <arpa/inet.h>

#include "base/resolver.h"
#include "net/resolve.h"

void fl_address_set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)address)->sin_port = htons(port);
    else if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

socklen_t fl_address_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

int fl_resolve(const char *host, uint16_t port, struct sockaddr_storage *address, flow_error **err)
{
    int rc = fl_resolver_find(host, address, err);

    if (!rc)
        fl_address_set_port(address, port);
    return rc;
}

void fl_address_text(const struct sockaddr_storage *address, char text[FL_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "";

    if (address->ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, host, sizeof host);
        snprintf(text, FL_ADDRESS_TEXT, "%s:%u", host, (unsigned)fl_address_port(address));
    } else if (address->ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, host, sizeof host);
        snprintf(text, FL_ADDRESS_TEXT, "[%s]:%u", host, (unsigned)fl_address_port(address));
    } else {
        snprintf(text, FL_ADDRESS_TEXT, "?");
    }
}

uint16_t fl_address_port(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)address)->sin_port);
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return 0;
}
