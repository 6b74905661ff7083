// Loaded by mocha, and by --require into the programs that tests start. It costs nothing until the driver is loaded.
// From then on every new client is watched.

const { _extensions: extensions } = require('node:module')

/** The file of the driver that defines its client. */
const CLIENT = /[/\\]node_modules[/\\]mongodb[/\\]lib[/\\]mongo_client\.js$/

const load = extensions['.js']
extensions['.js'] = (module, file) => {
  load(module, file)
  if (CLIENT.test(file)) {
    // The judge needs the driver itself, which is loaded by the first command.
    require('./watch.ts').watchClients(module.exports.MongoClient, () => require('./judge.ts'))
  }
}
