// Computes expected.csv without DuckDB: hyparquet (pure JavaScript) decodes the file, and the rest
// is adding up. Run it in this folder after tools/fetch_example_data:
//
//   npm install --no-save hyparquet@1.31.5 hyparquet-compressors@1.1.2
//   node expected.mjs ../../.data/examples/lake > expected.csv
import { readFileSync } from 'node:fs'
import { parquetReadObjects, parquetMetadata } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

const lake = process.argv[2]

// RFC 4180, as far as airports.csv needs it.
function fields(line) {
  const out = []
  let field = ''
  let quoted = false
  for (const c of line) {
    if (c === '"') quoted = !quoted
    else if (c === ',' && !quoted) { out.push(field); field = '' }
    else field += c
  }
  out.push(field)
  return out
}

const cities = new Map()
const lines = readFileSync(`${lake}/reference/airports.csv`, 'utf8').split(/\r?\n/)
for (const line of lines.slice(1)) {
  if (line === '') continue
  const [iata, , city] = fields(line)
  cities.set(iata, city)
}

const bytes = readFileSync(`${lake}/flights/flights-3m.parquet`)
const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
const total = Number(parquetMetadata(file).num_rows)
const groups = new Map()
const piece = 250_000
for (let start = 0; start < total; start += piece) {
  const rows = await parquetReadObjects({
    file, compressors, columns: ['date', 'delay', 'origin'],
    rowStart: start, rowEnd: Math.min(total, start + piece),
  })
  for (const { date, delay, origin } of rows) {
    const key = `${date.toISOString().slice(0, 7)},${origin}`
    const minutes = Number(delay)
    let group = groups.get(key)
    if (!group) groups.set(key, group = { flights: 0, late: 0, minutes: 0, worst: -Infinity })
    group.flights += 1
    if (minutes > 15) group.late += 1
    group.minutes += minutes
    group.worst = Math.max(group.worst, minutes)
  }
}

const quoted = text => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
console.log('month,origin,city,flights,late,minutes,worst')
for (const key of [...groups.keys()].sort()) {
  const { flights, late, minutes, worst } = groups.get(key)
  const [month, origin] = key.split(',')
  console.log([month, origin, quoted(cities.get(origin) ?? ''), flights, late, minutes, worst].join(','))
}
