/** What is served where no window was built: says what is here, and shows that the connection and its token work. */
export const plainPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Belay</title>
<link rel="stylesheet" href="/plain.css">
</head>
<body>
<main>
<h1>Belay</h1>
<p>This host serves its data directory. Its window is not built: <code>npm run build</code> in the checkout builds it. The command line does everything: <code>belay --help</code></p>
<dl>
<dt>Connection</dt><dd id="connection">not tried</dd>
<dt>Version</dt><dd id="version"></dd>
</dl>
<noscript><p>The page needs scripts to connect.</p></noscript>
</main>
<script src="/plain.js"></script>
</body>
</html>
`;

export const plainStyle = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
`;

/**
 * The token comes in the address's fragment, which no request carries; it is taken out of the address at once and kept for
 * this tab. Not in a cookie: cookies are shared by all ports of a host, whoever listens there.
 */
export const plainScript = `'use strict';
const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (given) {
  sessionStorage.setItem('belay-token', given);
  history.replaceState(null, '', location.pathname);
}
const show = (id, text) => { document.getElementById(id).textContent = text; };
(async () => {
  const health = await (await fetch('/health')).json();
  show('version', health.version);
  const token = sessionStorage.getItem('belay-token');
  if (!token) { show('connection', 'no token: open the address that belay serve printed'); return; }
  const socket = new WebSocket('ws://' + location.host + '/connection');
  socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', protocol: 1, version: health.version, client: 'window', token }));
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === 'welcome') show('connection', 'connected as ' + message.client);
    if (message.type === 'refused') show('connection', message.error.message);
    if (message.type === 'closing') show('connection', 'ended: ' + message.reason);
  };
  socket.onclose = () => { if (!/^(ended|The)/.test(document.getElementById('connection').textContent)) show('connection', 'ended'); };
})();
`;
