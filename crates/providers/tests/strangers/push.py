# Opens a notice with PyPI `http_ece` as the browser that it is for, and checks who sent it with PyPI `py-vapid`: `push.py JSON`.
import base64
import json
import sys

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

told = json.loads(sys.argv[1])
# The library knows the header without the blank that RFC 8292 has.
told['authorization'] = told['authorization'].replace(', ', ',')


def raw(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


key = ec.derive_private_key(int.from_bytes(raw(told['private']), 'big'), ec.SECP256R1())
sealed = bytes.fromhex(told['body'])
opened = http_ece.decrypt(sealed, private_key=key, auth_secret=raw(told['auth']), version='aes128gcm')
assert Vapid02.verify(told['authorization']), 'the sender is not proved'
token = told['authorization'].split('t=')[1].split(',')[0]
claims = json.loads(raw(token.split('.')[1]))
spoilt = told['authorization'].replace(token[-4:], 'AAAA' if token[-4:] != 'AAAA' else 'BBBB')
try:
    spoilt_is_believed = Vapid02.verify(spoilt)
except Exception:
    spoilt_is_believed = False
assert not spoilt_is_believed, 'a spoilt proof is believed'
print(json.dumps({'notice': json.loads(opened), 'claims': claims}))
