"""Makes the other golden vectors of this folder: what PyPI `wechatpayv3` sends, a bill packed by Python, and how PyPI
`wechatpy` asks who uses WeChat's browser.

    pip install wechatpayv3==2.* wechatpy==1.* cryptography    (anywhere; they are not part of this repository)
    python make.py OUT

writes requests_python.json, bill.json and oauth.json into the folder OUT, in which `make.mjs` has written messages.json and
certificates.json: this SDK must judge those as that one did. Times and nonces are fixed, so a second run writes the same
bytes.
"""
import base64, datetime, gzip, hashlib, json, pathlib, sys, time, types, uuid
import requests
from wechatpayv3 import WeChatPay, WeChatPayType, core
from wechatpy.exceptions import WeChatOAuthException
from wechatpy.oauth import WeChatOAuth

OUT = pathlib.Path(sys.argv[1])
KEYS = json.loads((pathlib.Path(__file__).parent / 'keys.json').read_text())
NOW = 1772327107
CERTIFICATES = json.loads((OUT / 'certificates.json').read_text())

# The SDK reads the clock and the random source itself.
time.time = lambda: NOW
uuid.uuid4 = lambda: uuid.UUID('593bec0c-930b-f1af-eb40-b4a08c8fb242')
fixed = lambda zone=None: datetime.datetime.fromtimestamp(NOW, zone)
core.datetime = types.SimpleNamespace(now=fixed, utcnow=lambda: datetime.datetime.utcfromtimestamp(NOW))

sent, name = [], None


def send(session, prepared, **_):
    """Keeps what goes out; every call but that for certificates is answered with an unsigned refusal."""
    body = prepared.body or b''
    sent.append({
        'name': name, 'method': prepared.method, 'target': prepared.path_url,
        'body': body.decode() if isinstance(body, bytes) else body,
        'authorization': prepared.headers['Authorization'],
        'wanted_serial': prepared.headers.get('Wechatpay-Serial'),
    })
    answer = requests.Response()
    known = prepared.path_url == '/v3/certificates'
    answer.status_code = 200 if known else 400
    answer._content = CERTIFICATES['body'].encode() if known else b'{}'
    answer.headers['Content-Type'] = 'application/json'
    return answer


requests.Session.send = send
common = dict(
    wechatpay_type=WeChatPayType.NATIVE, mchid=KEYS['mchid'], appid=KEYS['appid'], apiv3_key=KEYS['api_v3_key'],
    private_key=KEYS['merchant']['private_pkcs8'], cert_serial_no=KEYS['serial_no'],
    notify_url='https://pay.example.test/notify/wechat')
name = 'certificates'
WeChatPay(**common)
pay = WeChatPay(**common, public_key=KEYS['public_key']['public_spki'], public_key_id=KEYS['public_key']['serial'])

trade = dict(
    description='一月 10 GB “+%&=#/\\<>\'" é🎉', out_trade_no='EL20260301000001', time_expire='2026-03-01T09:35:07+08:00',
    attach='a=1&b\n2', amount={'total': 8888, 'currency': 'CNY'})
CALLS = {
    'native': lambda: pay.pay(**trade),
    'native, nothing optional': lambda: pay.pay('流量', 'EL20260301000002', {'total': 1, 'currency': 'CNY'}),
    'jsapi': lambda: pay.pay(**trade, payer={'openid': 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'}, pay_type=WeChatPayType.JSAPI),
    'h5': lambda: pay.pay(
        **trade, scene_info={'payer_client_ip': '14.23.150.211', 'h5_info': {'type': 'Wap'}}, pay_type=WeChatPayType.H5),
    'query by out_trade_no': lambda: pay.query(out_trade_no='EL20260301000001'),
    'query by transaction_id': lambda: pay.query(transaction_id='4200002030202603010000000001'),
    'close': lambda: pay.close('EL20260301000001'),
    'refund by out_trade_no': lambda: pay.refund(
        'ELR1', {'refund': 1050, 'total': 8888, 'currency': 'CNY'}, out_trade_no='EL20260301000001',
        reason='未生效，退款 100%'),
    'refund by transaction_id, with notices': lambda: pay.refund(
        'ELR2', {'refund': 1, 'total': 8888, 'currency': 'CNY'}, transaction_id='4200002030202603010000000001'),
    'refund query': lambda: pay.query_refund('ELR1'),
    'trade bill, packed': lambda: pay.trade_bill('2026-02-28'),
    'fund flow bill, packed': lambda: pay.fundflow_bill('2026-02-28'),
    'bill download': lambda: pay.download_bill(
        'https://api.mch.weixin.qq.com/v3/billdownload/file?token=6XIv5TUPto7pByrT_Cv%2Bisg&tartype=gzip'),
}
for name, run in CALLS.items():
    run()
kept = list(sent)

parameters = [KEYS['appid'], str(NOW), '593BEC0C930BF1AFEB40B4A08C8FB242', 'prepay_id=wx26112221580621e9b071c00d9e093b0000']
client = dict(zip(['appId', 'timeStamp', 'nonceStr', 'package'], parameters), signType='RSA', paySign=pay.sign(parameters))

# Who uses WeChat's browser: where the SDK sends it, what it asks for a code, and what it reads from an answer.
account = {
    'secret': '5ec4e75ec4e75ec4e75ec4e75ec4e7ab', 'redirect_uri': 'https://my.example.com/pay/wechat?a=流 1&b=+',
    'state': '5a7e5a7e5a7e5a7e5a7e5a7e5a7e5a7e', 'code': '071zYtkl2PkKd84BTYnl2WBMBd3zYtkR'}
oauth = WeChatOAuth(KEYS['appid'], account['secret'], account['redirect_uri'], state=account['state'])
OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
tokens = {'access_token': 'ACCESS_TOKEN', 'expires_in': 7200, 'refresh_token': 'REFRESH_TOKEN', 'openid': OPENID, 'scope': 'snsapi_base'}
BODIES = {
    'granted': tokens,
    'granted, with what nobody needs': {**tokens, 'unionid': 'o6_bmasdasdsad6_2sgVt7hMZOPfL', 'more': [1, {'a': None}]},
    'granted to a snapshot': {**tokens, 'is_snapshotuser': 1},
    'a code that is none': {'errcode': 40029, 'errmsg': 'invalid code, rid: 6583f22d-35b1b023-4a6d02b6'},
    'a used code': {'errcode': 40163, 'errmsg': 'code been used, rid: 6583f22d-35b1b023-4a6d02b6'},
    'another secret': {'errcode': 40125, 'errmsg': 'invalid appsecret, rid: 6583f22d-35b1b023-4a6d02b6'},
    'busy': {'errcode': -1, 'errmsg': 'system error'},
}
exchanged, answers = [], []
for name, body in BODIES.items():
    text = json.dumps(body)

    def exchange(session, prepared, **_):
        exchanged.append(prepared.path_url)
        answer = requests.Response()
        answer.status_code, answer._content, answer.request = 200, text.encode(), prepared
        return answer

    requests.Session.send = exchange
    try:
        openid, errcode = oauth.fetch_access_token(account['code'])['openid'], None
    except WeChatOAuthException as refused:
        openid, errcode = None, refused.errcode
    answers.append({'name': name, 'body': text, 'openid': openid, 'errcode': errcode})
if len(set(exchanged)) != 1:
    raise SystemExit(f'the SDK asks differently for the same: {exchanged}')
requests.Session.send = send
told = {'account': account, 'authorize': oauth.authorize_url, 'exchange': exchanged[0], 'answers': answers}

# Both SDKs must judge the gateway's messages alike; only this one checks a resource's tag.
for message in json.loads((OUT / 'messages.json').read_text()):
    try:
        if message['kind'] == 'notice':
            opened = pay.decrypt_callback(message['headers'], message['body'])
            accepted = opened is not None
        else:
            opened = None
            accepted = pay._core._verify_signature(message['headers'], message['body'])
    except ValueError:
        accepted = False
    if accepted != (message['refused'] is None) or (accepted and opened != message['plain']):
        raise SystemExit(f'the SDK judges "{message["name"]}" otherwise: {accepted}')

# The layout of bill_type=ALL with one row of each kind; fees have five decimals, a description may have commas.
columns = ('交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,'
           '应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,'
           '手续费,费率,订单金额,申请退款金额,费率备注')
totals = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额'
shared = [KEYS['appid'], KEYS['mchid'], '0', '', '4200002030202603010000000001', 'EL20260301000001', 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', 'NATIVE']
rows = [
    ['2026-02-28 09:05:00', *shared, 'SUCCESS', 'OTHERS', 'CNY', '87.88', '1.00', '0', '0', '0.00', '0.00', '', '',
     '一月, 10 GB', 'a=1&b', '0.53000', '0.60%', '88.88', '0.00', ''],
    ['2026-02-28 10:00:00', *shared, 'REFUND', 'OTHERS', 'CNY', '0.00', '0.00', '50300802262026030100000000001', 'ELR1',
     '10.38', '0.12', 'ORIGINAL', 'PROCESSING', '一月, 10 GB', 'a=1&b', '-0.06000', '0.60%', '0.00', '10.50', ''],
]
line = lambda cells: ','.join(f'`{cell}' for cell in cells)
csv = '\ufeff' + '\r\n'.join([
    columns, *map(line, rows), totals, line(['2', '87.88', '10.38', '0.12', '0.47000', '88.88', '10.50']), ''])
plain = csv.encode()
bill = {
    'csv': csv, 'sha1': hashlib.sha1(plain).hexdigest(),
    # Stored, not compressed: the same bytes whatever the version of zlib.
    'gzip': base64.b64encode(gzip.compress(plain, 0, mtime=0)).decode(),
}

written = {'requests_python': {'now_unix_s': NOW, 'requests': kept, 'client': client}, 'bill': bill, 'oauth': told}
for file, content in written.items():
    (OUT / f'{file}.json').write_text(json.dumps(content, indent=1, ensure_ascii=False) + '\n')
