# A mail server made of PyPI `aiosmtpd`, with STARTTLS under a root of its own: `mail.py FOLDER`. Says its two ports (with TLS, and without)
# as JSON, then each mail it takes. The name before the @ says what becomes of mail to it.
import email
import email.policy
import json
import ssl
import sys
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from certificates import write

folder = Path(sys.argv[1])


def say(what):
    print(json.dumps(what), flush=True)


def certificates():
    write(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / 'leaf.pem', folder / 'leaf.key')
    return context


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        how = address.split('@')[0]
        if how == 'nobody':
            return '550 5.1.1 no such mailbox'
        if how == 'full':
            return '452 4.2.2 mailbox full'
        if how == 'slow':
            return '451 try again later'
        envelope.rcpt_tos.append(address)
        return '250 2.1.5 fine'

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith('spam'):
            return '554 5.7.1 not wanted'
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say({
            'tls': session.ssl is not None, 'hello': session.host_name, 'user': str(session.auth_data),
            'sender': envelope.mail_from, 'to': envelope.rcpt_tos,
            'headers': {name.lower(): str(value) for name, value in mail.items()},
            'text': mail.get_content(), 'longest': max(map(len, envelope.content.split(b'\r\n'))),
        })
        return '250 2.0.0 taken'


def login(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b'everline', 'geheim ü'.encode())
    return AuthResult(success=right, handled=False, auth_data=data.login.decode())


class AnyPort(Controller):
    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


context = certificates()
with_tls = AnyPort(Handler(), hostname='127.0.0.1', port=0, tls_context=context, require_starttls=True,
                   authenticator=login, auth_required=True, auth_require_tls=True)
without = AnyPort(Handler(), hostname='127.0.0.1', port=0)
ports = []
for controller in (with_tls, without):
    controller.start()
    ports.append(controller.port)
say(ports)
sys.stdin.read()
for controller in (with_tls, without):
    controller.stop()
