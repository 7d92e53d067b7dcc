// SHA-256 (FIPS 180-4), a slice at a time. The browser's own digest takes only whole files, and only
// on secure pages.

const K = (() => {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  return Int32Array.from(primes, (p) => fraction(Math.cbrt(p)));
})();
const START = [2, 3, 5, 7, 11, 13, 17, 19].map((p) => fraction(Math.sqrt(p)));

function fraction(x) {
  return ((x - Math.floor(x)) * 0x100000000) | 0;
}

class Sha256 {
  constructor() {
    this.state = Int32Array.from(START);
    this.words = new Int32Array(64);
    this.rest = new Uint8Array(64);
    this.restLength = 0;
    this.length = 0;
  }

  update(bytes) {
    this.length += bytes.length;
    let from = 0;
    if (this.restLength) {
      from = Math.min(64 - this.restLength, bytes.length);
      this.rest.set(bytes.subarray(0, from), this.restLength);
      this.restLength += from;
      if (this.restLength < 64) return;
      this.blocks(this.rest, 0, 64);
    }
    const whole = from + ((bytes.length - from) & ~63);
    this.blocks(bytes, from, whole);
    this.rest.set(bytes.subarray(whole));
    this.restLength = bytes.length - whole;
  }

  blocks(bytes, from, to) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const w = this.words;
    const s = this.state;
    for (; from < to; from += 64) {
      for (let i = 0; i < 16; i++) w[i] = view.getInt32(from + 4 * i);
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15];
        const y = w[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let a = s[0];
      let b = s[1];
      let c = s[2];
      let d = s[3];
      let e = s[4];
      let f = s[5];
      let g = s[6];
      let h = s[7];
      for (let i = 0; i < 64; i++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t1) | 0;
        d = c;
        c = b;
        b = a;
        a = (t1 + t2) | 0;
      }
      s[0] += a;
      s[1] += b;
      s[2] += c;
      s[3] += d;
      s[4] += e;
      s[5] += f;
      s[6] += g;
      s[7] += h;
    }
  }

  copy() {
    const twin = new Sha256();
    twin.state.set(this.state);
    twin.rest.set(this.rest);
    twin.restLength = this.restLength;
    twin.length = this.length;
    return twin;
  }

  // Ends the digest: nothing can be added afterwards.
  hex() {
    const bits = this.length * 8;
    const padding = new Uint8Array((this.restLength < 56 ? 64 : 128) - this.restLength);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 0x100000000));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.update(padding);
    return Array.from(this.state, (n) => (n >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
