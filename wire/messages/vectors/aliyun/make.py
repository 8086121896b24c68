# Calls of Alibaba Cloud SMS as its own SDK makes and signs them, at a fixed time with fixed nonces: `make.py OUT_FOLDER`. The SDK signs
# some headers more, which the service does not ask for; its own function signs those that we send.
import json
import sys
from pathlib import Path

from alibabacloud_dysmsapi20170525 import models
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_tea_openapi import utils_models
from alibabacloud_tea_openapi.utils import Utils

KEY, SECRET = 'LTAI4FakeAccessKeyId', 'fakeAccessKeySecret0123456789'
SENT = ['host', 'x-acs-action', 'x-acs-content-sha256', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-version']
calls, nonces, sign = [], iter(range(1, 100)), Utils.get_authorization
Utils.get_nonce = staticmethod(lambda: f'{next(nonces):032x}')
Utils.get_timestamp = staticmethod(lambda: '2026-11-29T12:00:00Z')


class Signed(Exception):
    pass


def capture(request, kind, payload, key, secret):
    assert (request.method, request.pathname, kind) == ('POST', '/', 'ACS3-HMAC-SHA256')
    headers = {name.lower(): value for name, value in request.headers.items()}
    request.headers = {name: headers[name] for name in SENT}
    authorization = sign(request, kind, payload, key, secret)
    calls.append({'query': dict(request.query), 'headers': request.headers, 'authorization': authorization})
    raise Signed


Utils.get_authorization = staticmethod(capture)
client = Client(utils_models.Config(access_key_id=KEY, access_key_secret=SECRET, endpoint='dysmsapi.aliyuncs.com'))
for call, request in [
    (client.send_sms, models.SendSmsRequest(
        phone_numbers='13800138001', sign_name='青禾通信', template_code='SMS_100000001',
        template_param='{"line":"朵朵的手表","until":"2026-11-22"}', out_id='0192000012347fffbfffffffffffffff')),
    (client.send_sms, models.SendSmsRequest(
        phone_numbers='4479009000', sign_name="a~b*c'(d) e+f&g=h/i%", template_code='SMS_2', template_param='{}',
        out_id='x')),
    (client.query_send_details, models.QuerySendDetailsRequest(
        phone_number='13800138001', send_date='20261129', page_size=50, current_page=1)),
]:
    try:
        call(request)
        sys.exit('it was not signed')
    except Exception as error:
        if not isinstance(error, Signed) and not isinstance(getattr(error, 'inner_exception', None), Signed) and not calls:
            raise
assert len(calls) == 3, calls
text = json.dumps({'key': KEY, 'secret': SECRET, 'calls': calls}, ensure_ascii=False, indent=1, sort_keys=True)
(Path(sys.argv[1]) / 'calls.json').write_text(text + '\n')
