// Reads CSV from standard input with two packages that know nothing of the program; writes their
// rows as JSON. Whatever a reader complains about is a failure.
import fs from 'node:fs';
import {parse} from 'csv-parse/sync';
import Papa from 'papaparse';

const text = fs.readFileSync(0, 'utf8');
const read = Papa.parse(text, {header: true, skipEmptyLines: true, newline: '\r\n'});
if (read.errors.length > 0) throw new Error(JSON.stringify(read.errors));
console.log(JSON.stringify({
  'csv-parse': parse(text, {columns: true}),
  papaparse: read.data,
}));
