"""PyPI wechatpayv3 as a client of the sandbox's WeChat Pay: pays, is notified, closes, refunds, checks every signature. PyPI
wechatpy learns who holds the phone, for whom a payment inside WeChat is begun.

`tests/it/sdk.rs` starts the gateway and runs this with its addresses and keys.
"""
import http.server, json, queue, sys, threading, time, urllib.error, urllib.parse, urllib.request
import requests
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpy.exceptions import WeChatOAuthException
from wechatpy.oauth import WeChatOAuth

config = json.loads(sys.argv[1])
notices = queue.Queue()


class Merchant(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        notices.put((dict(self.headers.items()), body.decode()))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


merchant = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Merchant)
threading.Thread(target=merchant.serve_forever, daemon=True).start()


def client(private_key):
    wechat = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE, mchid=config['mchid'], appid=config['appid'], private_key=private_key,
        cert_serial_no=config['serial'], apiv3_key=config['api_v3_key'],
        notify_url=f'http://127.0.0.1:{merchant.server_port}/notify',
        public_key=config['public_key'], public_key_id=config['public_key_id'])
    wechat._core._gate_way = config['gateway']
    return wechat


pay = client(config['private_key'])


def call(answer, expected=200):
    status, text = answer
    assert status == expected, (status, text)
    return json.loads(text) if text else {}


def payer(number, action):
    request = urllib.request.Request(f"{config['control']}/trades/{number}/{action}", method='POST')
    assert urllib.request.urlopen(request).status == 200


def told():
    headers, body = notices.get(timeout=20)
    notice = pay.callback(headers, body)
    assert notice, 'the SDK refuses the notice'
    for spoilt in (body + ' ', body.replace('"id"', '"Id"')):
        assert not pay.callback(headers, spoilt), 'the SDK takes a spoilt notice'
    return notice['event_type'], notice['resource']


created = call(pay.pay('流量 10 GB “+%&=#”', 'SDKW0001', {'total': 990}, attach='a=1'))
assert created['code_url'].startswith('weixin://'), created
assert call(pay.query(out_trade_no='SDKW0001'))['trade_state'] == 'NOTPAY'
payer('SDKW0001', 'pay')
kind, paid = told()
assert (kind, paid['out_trade_no'], paid['amount']['total'], paid['attach']) == (
    'TRANSACTION.SUCCESS', 'SDKW0001', 990, 'a=1'), paid
assert call(pay.query(transaction_id=paid['transaction_id']))['trade_state'] == 'SUCCESS'
assert call(pay.close('SDKW0001'), 400)['code'] == 'ORDERPAID'

amount = {'refund': 400, 'total': 990, 'currency': 'CNY'}
back = call(pay.refund('SDKWR1', amount, out_trade_no='SDKW0001', reason='退款'))
assert call(pay.refund('SDKWR1', amount, out_trade_no='SDKW0001', reason='退款'))['refund_id'] == back['refund_id']
assert call(pay.query_refund('SDKWR1'))['amount']['refund'] == 400

page = call(pay.pay(
    '流量', 'SDKW0002', {'total': 1}, pay_type=WeChatPayType.H5,
    scene_info={'payer_client_ip': '127.0.0.1', 'h5_info': {'type': 'Wap'}}))
assert urllib.request.urlopen(page['h5_url']).status == 200
pay.close('SDKW0002')
assert call(pay.query(out_trade_no='SDKW0002'))['trade_state'] == 'CLOSED'

# Inside WeChat.
oauth = WeChatOAuth(config['appid'], config['app_secret'], 'http://127.0.0.1:1/pay/wechat', state='5a7e')
oauth.API_BASE_URL, oauth.OAUTH_BASE_URL = f"{config['gateway']}/", f"{config['gateway']}/connect/"
sent = requests.get(
    oauth.authorize_url, headers={'User-Agent': 'MicroMessenger/8.0.50'}, allow_redirects=False).headers['Location']
came = urllib.parse.parse_qs(urllib.parse.urlsplit(sent).query)
assert sent.startswith('http://127.0.0.1:1/pay/wechat?') and came['state'] == ['5a7e'], sent
openid = oauth.fetch_access_token(came['code'][0])['openid']


def refused_by(account):
    try:
        account.fetch_access_token(came['code'][0])
    except WeChatOAuthException as refused:
        return refused.errcode


assert refused_by(oauth) == 40163
oauth.secret = '0'
assert refused_by(oauth) == 40125

begin = lambda payer: pay.pay('流量', 'SDKW0003', {'total': 77}, payer={'openid': payer}, pay_type=WeChatPayType.JSAPI)
assert call(begin('somebody-else'), 400)['code'] == 'PARAM_ERROR'
package = f"prepay_id={call(begin(openid))['prepay_id']}"
signed = [config['appid'], str(int(time.time())), 'N0nce', package]
handed = dict(zip(['appId', 'timeStamp', 'nonceStr', 'package'], signed), signType='RSA', paySign=pay.sign(signed))


def cashier(handed):
    request = urllib.request.Request(f"{config['gateway']}/jsapi/open", json.dumps(handed).encode(), method='POST')
    try:
        return json.loads(urllib.request.urlopen(request).read())
    except urllib.error.HTTPError as refused:
        return json.loads(refused.read())


assert cashier({**handed, 'nonceStr': 'other'})['err_msg'] == 'get_brand_wcpay_request:fail'
assert urllib.request.urlopen(cashier(handed)['page_url']).status == 200
payer('SDKW0003', 'pay')
# The refund above is told before.
while (notice := told())[0] != 'TRANSACTION.SUCCESS':
    pass
paid = notice[1]
assert (paid['out_trade_no'], paid['trade_type'], paid['payer']['openid']) == ('SDKW0003', 'JSAPI', openid), paid

call(client(config['other_key']).query(out_trade_no='SDKW0001'), 401)
print('all checks passed')
