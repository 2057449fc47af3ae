// A way to a port of this machine that can be cut: what is under way breaks off, and nobody gets through until it is
// mended. Or hushed: what is under way gets no further, and neither end is told; others get through.
'use strict'

const net = require('net')

const cables = new Map()  // own port -> { cut, sockets }

// Both ends of one connection end together.
function join(near, far, sockets) {
  for (const [one, other] of [[near, far], [far, near]]) {
    sockets.add(one)
    one.on('error', () => other.destroy())
    one.on('close', () => {
      sockets.delete(one)
      other.destroy()
    })
    one.pipe(other)
  }
}

// -> the port that leads to `port`
exports.lay = port => new Promise((resolve, reject) => {
  const cable = { cut: false, sockets: new Set() }
  const server = net.createServer(near => {
    if (cable.cut) return near.destroy()
    join(near, net.connect(port, '127.0.0.1'), cable.sockets)
  })
  server.on('error', reject)
  server.listen(0, '127.0.0.1', () => {
    cables.set(server.address().port, cable)
    resolve(server.address().port)
  })
})

exports.cut = port => {
  const cable = cables.get(port)
  cable.cut = true
  for (const socket of cable.sockets) socket.destroy()
}

exports.hush = port => {
  for (const socket of cables.get(port).sockets) {
    socket.unpipe()
    socket.pause()
  }
}

exports.mend = port => { cables.get(port).cut = false }
