// Sends records with the Fluent project's library for Node.js, and ends with 0 once all of them are acknowledged or written.
//   node client.js '{"port": 24224, "count": 10, "mode": "Forward", "ack": true, "sharedKey": "…", "username": "…", "password": "…", "ca": "file"}'
const fs = require("fs");
const {FluentClient, EventTime} = require("@fluent-org/logger");

async function main(settings) {
  const options = {
    eventMode: settings.mode,
    socket: {host: "localhost", port: settings.port, timeout: 10000, disableReconnect: true, ...(settings.path ? {path: settings.path} : {})},
    onSocketError: (error) => fail(error),
  };
  if (settings.ack) options.ack = {ackTimeout: settings.ackTimeout || 10000};
  if (settings.sharedKey)
    options.security = {clientHostname: "client.example", sharedKey: settings.sharedKey, username: settings.username, password: settings.password};
  if (settings.ca) options.socket.tls = {ca: fs.readFileSync(settings.ca)};
  const client = new FluentClient("app", options);
  await client.connect();
  const sent = [];
  for (let i = 0; i < settings.count; i++)
    sent.push(client.emit("node", {message: `line ${i}`, number: i, nested: {list: [1, "two", null], yes: true}}, new EventTime(1700000000, i)));
  await Promise.all(sent);
  await client.shutdown();
}

function fail(error) {
  console.error(error);
  process.exit(3);
}

main(JSON.parse(process.argv[2])).then(() => process.exit(0), fail);
