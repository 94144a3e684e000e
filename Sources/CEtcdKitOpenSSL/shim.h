// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// OpenSSL, and its macros as functions: Swift does not import macros that compute.

#ifndef CETCDKIT_OPENSSL_SHIM_H
#define CETCDKIT_OPENSSL_SHIM_H

#include <openssl/bn.h>
#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <openssl/pem.h>

/// 1: done, 0: OpenSSL refused.
static inline int CEtcdKitOpenSSL_SSL_CTX_set_protocol_range(SSL_CTX *context, int from, int to) {
    return SSL_CTX_set_min_proto_version(context, from) == 1
        && SSL_CTX_set_max_proto_version(context, to) == 1;
}

/// No renegotiation, no compression, no session tickets.
static inline void CEtcdKitOpenSSL_SSL_CTX_set_strict_options(SSL_CTX *context) {
    SSL_CTX_set_options(
        context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

/// 1: added (the context has its own reference), 0: refused.
static inline int CEtcdKitOpenSSL_SSL_CTX_add1_chain_cert(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

/// 1: set, 0: the name is too long or empty.
static inline int CEtcdKitOpenSSL_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

/// How many bytes wait in a memory BIO.
static inline size_t CEtcdKitOpenSSL_BIO_pending(BIO *bio) {
    return BIO_ctrl_pending(bio);
}

/// The bytes that wait in a memory BIO; valid until the BIO is next used.
static inline size_t CEtcdKitOpenSSL_BIO_get_mem_data(BIO *bio, const char **data) {
    char *start = NULL;
    long count = BIO_get_mem_data(bio, &start);
    *data = start;
    return start != NULL && count > 0 ? (size_t)count : 0;
}

/// Prints the name in one line of ASCII, all else escaped.
static inline void CEtcdKitOpenSSL_X509_NAME_print(BIO *bio, const X509_NAME *name) {
    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
}

/// How many subject alternative names the certificate has; `names` is to be freed with
/// `CEtcdKitOpenSSL_general_names_free`, and may be null.
static inline int CEtcdKitOpenSSL_general_names(const X509 *certificate, GENERAL_NAMES **names) {
    *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    return *names == NULL ? 0 : sk_GENERAL_NAME_num(*names);
}

static inline void CEtcdKitOpenSSL_general_names_free(GENERAL_NAMES *names) {
    GENERAL_NAMES_free(names);
}

/// The type (`GEN_DNS`, `GEN_IPADD`; -1 for others) and the bytes of one name.
static inline int CEtcdKitOpenSSL_general_name(
    const GENERAL_NAMES *names, int index, const unsigned char **data, int *count) {
    int type = -1;
    void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, index), &type);
    if (value == NULL || (type != GEN_DNS && type != GEN_IPADD)) {
        return -1;
    }
    *data = ASN1_STRING_get0_data((const ASN1_STRING *)value);
    *count = ASN1_STRING_length((const ASN1_STRING *)value);
    return type;
}

/// A fresh key on the named curve, or null.
static inline EVP_PKEY *CEtcdKitOpenSSL_EVP_EC_gen(const char *curve) {
    return EVP_EC_gen(curve);
}

/// A fresh RSA key of so many bits, or null.
static inline EVP_PKEY *CEtcdKitOpenSSL_EVP_RSA_gen(size_t bits) {
    return EVP_RSA_gen(bits);
}

#endif
