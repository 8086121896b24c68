// A message centre made of npm `smpp`, by TLS if it is given a certificate and its key: `smsc.cjs [CERTIFICATE KEY]`. The last digit of a number says what becomes of messages to it; what happens is told line by
// line as JSON, after the port.
const { readFileSync } = require('fs');
const smpp = require('smpp');

const say = (said) => process.stdout.write(JSON.stringify(said) + '\n');
let ids = 0x1a2b;
const parts = new Map();
const throttled = new Map();

const [cert, key] = process.argv.slice(2).map((file) => readFileSync(file));

const server = smpp.createServer(cert ? { cert, key } : {}, (session) => {
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => {
    const known = pdu.system_id === 'everline' && pdu.password === 'secret08' && pdu.interface_version === 0x34;
    session.send(pdu.response({ command_status: known ? 0 : smpp.ESME_RBINDFAIL, system_id: 'stranger' }));
    if (!known) return session.close();
    say({ what: 'bound' });
    session.enquire_link((answer) => say({ what: 'we are there', status: answer.command_status }));
  });
  session.on('submit_sm', (pdu) => submitted(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
});

function submitted(session, pdu) {
  const to = pdu.destination_addr;
  const how = to.slice(-1);
  const tries = throttled.get(to) ?? 0;
  if (how === '6') return session.socket.destroy();
  if (how === '4') return session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
  if (how === '3' && tries < 2) {
    throttled.set(to, tries + 1);
    return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
  }
  const id = ids++;
  const udh = pdu.short_message.udh;
  let text = pdu.short_message.message;
  const receipt = pdu.registered_delivery === 1;
  if (udh) {
    const [, , reference, count, number] = Array.isArray(udh) ? udh[0] : udh;
    const key = `${to} ${reference}`;
    const all = parts.get(key) ?? [];
    all[number - 1] = text;
    parts.set(key, all);
    text = all.filter(Boolean).length === count ? all.join('') : undefined;
    if (text !== undefined) parts.delete(key);
  }
  const answer = () => session.send(pdu.response({ message_id: id.toString(16) }));
  const report = () => receipt && delivered(session, to, id, how);
  // The receipt of the first may overtake the answer to it.
  if (how === '3') { report(); answer(); } else { answer(); report(); }
  if (text !== undefined) say({ what: 'message', to, from: pdu.source_addr, text, parts: udh ? 'several' : 'one' });
  if (how === '5') {
    session.deliver_sm({
      source_addr_ton: 1, source_addr_npi: 1, source_addr: to, destination_addr: '10690000', short_message: '余额 €?',
    }, () => {});
  }
}

function delivered(session, to, id, how) {
  if (how === '5') return;
  const failed = how === '2';
  const stat = failed ? 'UNDELIV' : 'DELIVRD';
  const text = `id:${id} sub:001 dlvrd:00${failed ? 0 : 1} submit date:2611291200 done date:2611291201 stat:${stat} `
    + `err:${failed ? '027' : '000'} text:${'x'.repeat(20)}`;
  const optional = how === '1' ? { receipted_message_id: id.toString(16), message_state: failed ? 5 : 2 } : {};
  session.deliver_sm({
    source_addr_ton: 1, source_addr_npi: 1, source_addr: to, destination_addr: '10690000', esm_class: 4,
    short_message: text, ...optional,
  }, (answer) => say({ what: 'receipt answered', status: answer.command_status }));
}

server.on('tlsClientError', (error) => say({ what: 'tls refused', why: error.code }));
server.listen(0, '127.0.0.1', () => say(server.address().port));
