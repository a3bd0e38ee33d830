"""Published test vectors, and some of the fediverse profile by the keys of RFC 9421 (test keys only)."""

from typing import NamedTuple

# Keys of RFC 9421, appendix B.1 (Revised BSD).
RSA_PUBLIC = "\n".join(
    (
        "-----BEGIN RSA PUBLIC KEY-----",
        "MIIBCgKCAQEAhAKYdtoeoy8zcAcR874L8cnZxKzAGwd7v36APp7Pv6Q2jdsPBRrw",
        "WEBnez6d0UDKDwGbc6nxfEXAy5mbhgajzrw3MOEt8uA5txSKobBpKDeBLOsdJKFq",
        "MGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd/QBwVW9OwNFhekro3RtlinV0a75jfZg",
        "kne/YiktSvLG34lw2zqXBDTC5NHROUqGTlML4PlNZS5Ri2U4aCNx2rUPRcKIlE0P",
        "uKxI4T+HIaFpv8+rdV6eUgOrB2xeI1dSFFn/nnv5OoZJEIB+VmuKn3DCUcCZSFlQ",
        "PSXSfBDiUGhwOw76WuSSsf1D4b/vLoJ10wIDAQAB",
        "-----END RSA PUBLIC KEY-----",
    )
)
RSA_PRIVATE = "\n".join(
    (
        "-----BEGIN RSA PRIVATE KEY-----",
        "MIIEqAIBAAKCAQEAhAKYdtoeoy8zcAcR874L8cnZxKzAGwd7v36APp7Pv6Q2jdsP",
        "BRrwWEBnez6d0UDKDwGbc6nxfEXAy5mbhgajzrw3MOEt8uA5txSKobBpKDeBLOsd",
        "JKFqMGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd/QBwVW9OwNFhekro3RtlinV0a75",
        "jfZgkne/YiktSvLG34lw2zqXBDTC5NHROUqGTlML4PlNZS5Ri2U4aCNx2rUPRcKI",
        "lE0PuKxI4T+HIaFpv8+rdV6eUgOrB2xeI1dSFFn/nnv5OoZJEIB+VmuKn3DCUcCZ",
        "SFlQPSXSfBDiUGhwOw76WuSSsf1D4b/vLoJ10wIDAQABAoIBAG/JZuSWdoVHbi56",
        "vjgCgkjg3lkO1KrO3nrdm6nrgA9P9qaPjxuKoWaKO1cBQlE1pSWp/cKncYgD5WxE",
        "CpAnRUXG2pG4zdkzCYzAh1i+c34L6oZoHsirK6oNcEnHveydfzJL5934egm6p8DW",
        "+m1RQ70yUt4uRc0YSor+q1LGJvGQHReF0WmJBZHrhz5e63Pq7lE0gIwuBqL8SMaA",
        "yRXtK+JGxZpImTq+NHvEWWCu09SCq0r838ceQI55SvzmTkwqtC+8AT2zFviMZkKR",
        "Qo6SPsrqItxZWRty2izawTF0Bf5S2VAx7O+6t3wBsQ1sLptoSgX3QblELY5asI0J",
        "YFz7LJECgYkAsqeUJmqXE3LP8tYoIjMIAKiTm9o6psPlc8CrLI9CH0UbuaA2JCOM",
        "cCNq8SyYbTqgnWlB9ZfcAm/cFpA8tYci9m5vYK8HNxQr+8FS3Qo8N9RJ8d0U5Csw",
        "DzMYfRghAfUGwmlWj5hp1pQzAuhwbOXFtxKHVsMPhz1IBtF9Y8jvgqgYHLbmyiu1",
        "mwJ5AL0pYF0G7x81prlARURwHo0Yf52kEw1dxpx+JXER7hQRWQki5/NsUEtv+8RT",
        "qn2m6qte5DXLyn83b1qRscSdnCCwKtKWUug5q2ZbwVOCJCtmRwmnP131lWRYfj67",
        "B/xJ1ZA6X3GEf4sNReNAtaucPEelgR2nsN0gKQKBiGoqHWbK1qYvBxX2X3kbPDkv",
        "9C+celgZd2PW7aGYLCHq7nPbmfDV0yHcWjOhXZ8jRMjmANVR/eLQ2EfsRLdW69bn",
        "f3ZD7JS1fwGnO3exGmHO3HZG+6AvberKYVYNHahNFEw5TsAcQWDLRpkGybBcxqZo",
        "81YCqlqidwfeO5YtlO7etx1xLyqa2NsCeG9A86UjG+aeNnXEIDk1PDK+EuiThIUa",
        "/2IxKzJKWl1BKr2d4xAfR0ZnEYuRrbeDQYgTImOlfW6/GuYIxKYgEKCFHFqJATAG",
        "IxHrq1PDOiSwXd2GmVVYyEmhZnbcp8CxaEMQoevxAta0ssMK3w6UsDtvUvYvF22m",
        "qQKBiD5GwESzsFPy3Ga0MvZpn3D6EJQLgsnrtUPZx+z2Ep2x0xc5orneB5fGyF1P",
        "WtP+fG5Q6Dpdz3LRfm+KwBCWFKQjg7uTxcjerhBWEYPmEMKYwTJF5PBG9/ddvHLQ",
        "EQeNC8fHGg4UXU8mhHnSBt3EA10qQJfRDs15M38eG2cYwB1PZpDHScDnDA0=",
        "-----END RSA PRIVATE KEY-----",
    )
)
ED25519_PUBLIC = "\n".join(
    (
        "-----BEGIN PUBLIC KEY-----",
        "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=",
        "-----END PUBLIC KEY-----",
    )
)
ED25519_PRIVATE = "\n".join(
    (
        "-----BEGIN PRIVATE KEY-----",
        "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF",
        "-----END PRIVATE KEY-----",
    )
)
# A 1024-bit key of draft-cavage-http-signatures-12, appendix C (BSD).
SHORT_RSA_PUBLIC = "\n".join(
    (
        "-----BEGIN PUBLIC KEY-----",
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3",
        "6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6",
        "Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw",
        "oYi+1hqp1fIekaxsyQIDAQAB",
        "-----END PUBLIC KEY-----",
    )
)


class SigningText(NamedTuple):
    covered: tuple[str, ...]
    text: str


# draft-cavage-http-signatures-12, appendix C (BSD); C.3 without its times, as its own signature has it.
CAVAGE_HEADERS = {
    "host": "example.com",
    "date": "Sun, 05 Jan 2014 21:31:40 GMT",
    "content-type": "application/json",
    "digest": "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
    "content-length": "18",
}
CAVAGE_TEXTS = [
    SigningText(
        ("date",),
        "\n".join(("date: Sun, 05 Jan 2014 21:31:40 GMT",)),
    ),
    SigningText(
        ("(request-target)", "host", "date"),
        "\n".join(
            (
                "(request-target): post /foo?param=value&pet=dog",
                "host: example.com",
                "date: Sun, 05 Jan 2014 21:31:40 GMT",
            )
        ),
    ),
    SigningText(
        ("(request-target)", "host", "date", "content-type", "digest", "content-length"),
        "\n".join(
            (
                "(request-target): post /foo?param=value&pet=dog",
                "host: example.com",
                "date: Sun, 05 Jan 2014 21:31:40 GMT",
                "content-type: application/json",
                "digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
                "content-length: 18",
            )
        ),
    ),
]


class Signed(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    public_pem: str


# Made with the RFC's keys in the way Mastodon signs; no standard prints any.
CAVAGE_SIGNED = {
    "get": Signed(
        "GET",
        "https://example.com/foo?param=value&pet=dog",
        {
            "host": "example.com",
            "date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "signature": (
                'keyId="https://example.com/users/a#main-key",algorithm="rsa-sha256",headers="(re'
                'quest-target) host date",signature="gQlI9ESO1+j83WEgiAMxk76yFtp3wV0KWJ415SeWPzlW'
                "gVw5hHQKKu5U4C8UM44atb+BNTQcLzfCcIZfq7kgSGovbHDGnc0C5Bdu+tPg9B1vNX645ZsJuIJnSbm0"
                "XcEGKXF4R7mlSC8nIKJDecnA0JUzG1WV6MkBM421SKE/JdKvZ/JHCU3n94sNuotvAANjvvNFAr5MgOQJ"
                "bhseIF3PnpMkTLDmv0cnvGDUNYQSvZQ0ZBAP/G+ULax4mlsfqbwITc7ZCul/mjRWL2wICh2trvEmp6zA"
                'ftrjZPtEKaPNfDsBH5+6IcULtGGA8lfMgBbQaC+PJkIQtUFgdXRMa8kIbg=="'
            ),
        },
        b"",
        RSA_PUBLIC,
    ),
    "get without query": Signed(
        "GET",
        "https://example.com/foo?param=value&pet=dog",
        {
            "host": "example.com",
            "date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "signature": (
                'keyId="https://example.com/users/a#main-key",algorithm="rsa-sha256",headers="(re'
                'quest-target) host date",signature="JmKw18FfJl7sg83ML2fnMFP2i+2upbB08n0FeJORAe40'
                "RZ8JBMp15mGKEbE6dx6jY0K+jJ4+Xg7i7vUZBJg+ONh7XkqF1OztbczZt+lfnVBFUp3QuvcdCH+xb10r"
                "vU9MsylHq7aoGW4lEL6KebfjQImHiYLSffA3AT96FUtFcdgf1ees1FMp+sjNsgR244tOrYA+MErO7Oeo"
                "TToSzv33iS+6SjA11403yN91o/xW/XmrM92NV9meDJz61u/sVN6wfpl68/IEC19NJI4LUB3KwFC7yEve"
                'oXOgK0M9sTWoCAxvdXA0u4I8U5gN8bMNS8x+x9gsyG68Ial4qRGh43Mg0Q=="'
            ),
        },
        b"",
        RSA_PUBLIC,
    ),
    "post": Signed(
        "POST",
        "https://example.com/inbox",
        {
            "host": "example.com",
            "date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "digest": "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
            "content-type": "application/activity+json",
            "signature": (
                'keyId="https://example.com/users/a#main-key",algorithm="rsa-sha256",headers="hos'
                't date digest content-type (request-target)",signature="Up6lRW4faOu7cyKoq4HAw+L1'
                "Lsx7AgByzeTL6YPsVNNpGcF9sHycY8/3msEeUFgcqx2LiZ+sbNBM2y4X1Hns4DshAiFqFanpB0QeQGdC"
                "tsMD7Q5hdlO0NK/tWnhUaZGAg/thMshH1FaCoZJrtlmp4lLaoz6Isd0kd8uCU53pVW+739RbPLkl4a7I"
                "j8PRkkgQKapQL+G9JpPrDin0fkI74/sZxTOQgIfXT+QrNv2bPtKZdET3m6Of3D9Z3BwRmo9BfP44xPq+"
                "7N8+QxI+7AQfvYj5wDPsQ0Z5xuxsokQ4cQbWWqGULmGdieKVgqLArLrK8RVWyNu+neok1hV9Hrba7g=="
                '"'
            ),
        },
        b'{"hello": "world"}',
        RSA_PUBLIC,
    ),
}
RFC9421_SIGNED = {
    "get": Signed(
        "GET",
        "https://example.com/foo?param=Value&Pet=dog",
        {
            "signature-input": 'sig1=("@method" "@target-uri");created=1618884473;keyid="test-key-rsa"',
            "signature": (
                "sig1=:WB4syR5hjMV55I3R3YZ1jqWFX7TqVdu8XHWEoKdxNbTFtgoUqcNX4Qbh5tEi+fJAON0GwaoIdf"
                "YwKId62QdTAM4qU+GCnEn3k7TEGYyNC18iS6/Tq4rCbDE6qHtAS3DfWNyKqlRo8WskL+UV6etAAvTHHV"
                "NXBA8dPBv/yf3+g3AsO54ZuQFxHQJlk6VOUnforw2kbvX65Ue0BjsFUUomQ61B2naNJnfy6IY8o5zx0I"
                "0MSkBwCCqpVofbBMxpeHvb+LkEiTpE6vMn1rHIhNtp2s5Xv5w5MZv3NxeLJbXota2trNsdXL6Jjxipzo"
                "bW89lRJkigp0zK0Vyh+Z6FFUEVpw==:"
            ),
        },
        b"",
        RSA_PUBLIC,
    ),
    "post": Signed(
        "POST",
        "https://example.com/inbox",
        {
            "content-digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
            "signature-input": (
                'sig1=("@method" "@target-uri" "content-digest");created=1618884473;keyid="test-key-rsa"'
            ),
            "signature": (
                "sig1=:dIkeKkjtom3SImHeY6pc8uR9+4SOdc/rT2NKIlm2ejyq/dgm4JqVBdxD+BWPagqt7dyaZRGquM"
                "9BaO21JcTAa8ZaN0N4mKbZcXFh9Y6Hlwboz759clm2PgPkCe3HWT2OE65hq1UEwVsaRfVb/wIJiJNJ9K"
                "UJaVL7uDI91TAWLbceNqyte10VqnLhToRhmvWu06Q4H6ZlYaNe2/ucuPUWEuGdOAG254u6pdvGrjGzIv"
                "wqJqXCrBeibBAEMBgqj+s4fPyb5lMzW1Ao8iRmTot9vzSGRk36C/NTzccyqR7dBzrvjldqifL11RaaR+"
                "+demfUgJB7leXwzrPi44e27Q7OaA==:"
            ),
        },
        b'{"hello": "world"}',
        RSA_PUBLIC,
    ),
    "ed25519 post": Signed(
        "POST",
        "https://example.com/inbox",
        {
            "content-digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
            "signature-input": (
                'sig1=("@method" "@target-uri" "content-digest");created=1618884473;keyid="test-key-ed25519"'
            ),
            "signature": (
                "sig1=:O8bgMnEvl8rGPS6lMH1VLqCbq7uXHoAfbHEIkvCPEFygm0JiYo37sXtHD+vUyQYMklr11LdKS9"
                "P/YILoo4iyDQ==:"
            ),
        },
        b'{"hello": "world"}',
        ED25519_PUBLIC,
    ),
}
# RFC 9421, appendix B.2.6.
RFC9421_B26 = Signed(
    "POST",
    "https://example.com/foo?param=Value&Pet=dog",
    {
        "host": "example.com",
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type": "application/json",
        "content-digest": (
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdV"
            "LvRwEmTHWXvJwew==:"
        ),
        "content-length": "18",
        "signature-input": (
            'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");'
            'created=1618884473;keyid="test-key-ed25519"'
        ),
        "signature": (
            "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vu"
            "Qv5lIp5WPpBKRCw==:"
        ),
    },
    b'{"hello": "world"}',
    ED25519_PUBLIC,
)
