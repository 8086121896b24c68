# Roots and certificates by PyPI `cryptography`: `certificates.py FOLDER`. `leaf` is for this machine and `elsewhere` for another, both under
# `root`; `other` is a root that certified nothing.
import datetime
import ipaddress
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM


def key():
    return ec.generate_private_key(ec.SECP256R1())


def certify(name, subject_key, issuer, issuer_key, extensions):
    def named(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(
        named(issuer), named(name), subject_key.public_key(), x509.random_serial_number(), now - day, now + day)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def write(folder):
    root_key = key()
    for name, its_key in (('root', root_key), ('other', key())):
        root = certify(name, its_key, name, its_key, [(x509.BasicConstraints(True, None), True)])
        (folder / f'{name}.pem').write_bytes(root.public_bytes(PEM))
    here = [x509.DNSName('localhost'), x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]
    for name, names in (('leaf', here), ('elsewhere', [x509.DNSName('smsc.elsewhere.example')])):
        its_key = key()
        names = x509.SubjectAlternativeName(names)
        leaf = certify(name, its_key, 'root', root_key, [(names, False), (x509.BasicConstraints(False, None), True)])
        (folder / f'{name}.pem').write_bytes(leaf.public_bytes(PEM))
        (folder / f'{name}.key').write_bytes(its_key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


if __name__ == '__main__':
    write(Path(sys.argv[1]))
