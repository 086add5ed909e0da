// Kept or removed patches -> sound, as resynthesis.py makes it: the short-time Fourier transform of the clip is
// masked, its phase stays. It runs here, so that a move of the slider is heard without asking the server.

const STFT_SIZE = 512;
const STFT_HOP = 128;
const STFT_BINS = STFT_SIZE / 2 + 1;
const FRAME_HOP = 160; // samples from one frame of the picture to the next
const FRAME_WINDOW = 400; // samples that one frame reads; columns cross-fade over as many
const COLUMN_SAMPLES = PATCH * FRAME_HOP;
const MEL_ROWS = 8;
const GAIN_STEPS = 4096; // in which gains are counted, as the library counts them

const ANGLES = Float64Array.from({ length: STFT_SIZE }, (_, i) => (2 * Math.PI * i) / STFT_SIZE);
const COSINES = ANGLES.map(Math.cos);
const SINES = ANGLES.map(Math.sin);
const WINDOW = COSINES.map((cosine) => 0.5 - 0.5 * cosine);
const REVERSED = Uint16Array.from({ length: STFT_SIZE }, (_, i) => {
  let reversed = 0;
  for (let bit = 1; bit < STFT_SIZE; bit *= 2) reversed = reversed * 2 + (i & bit ? 1 : 0);
  return reversed;
});

// Fourier transform of STFT_SIZE complex numbers, in place. With the arguments swapped it is the inverse, but
// for a factor of STFT_SIZE.
function fourier(re, im) {
  for (let i = 0; i < STFT_SIZE; i++) {
    const j = REVERSED[i];
    if (j <= i) continue;
    const [r, m] = [re[i], im[i]];
    re[i] = re[j];
    im[i] = im[j];
    re[j] = r;
    im[j] = m;
  }
  for (let half = 1; half < STFT_SIZE; half *= 2) {
    const stride = STFT_SIZE / (2 * half);
    for (let start = 0; start < STFT_SIZE; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const i = start + k;
        const j = i + half;
        const r = re[j] * COSINES[k * stride] + im[j] * SINES[k * stride];
        const m = im[j] * COSINES[k * stride] - re[j] * SINES[k * stride];
        re[j] = re[i] - r;
        im[j] = im[i] - m;
        re[i] += r;
        im[i] += m;
      }
    }
  }
}

// Where a sample before the start or after the end is mirrored to: an edge to zeros would be a click.
function mirrored(at, length) {
  const period = 2 * Math.max(1, length - 1);
  const place = ((at % period) + period) % period;
  return place < length ? place : period - place;
}

// The clip's transform without its mean, which the front end subtracts.
function spectrumOf(samples) {
  const mean = Math.fround(samples.reduce((sum, value) => sum + value, 0) / samples.length);
  const frames = 1 + Math.floor(samples.length / STFT_HOP);
  const bins = () => new Float32Array(frames * STFT_BINS);
  const spectrum = { samples, mean, frames, re: bins(), im: bins() };
  const [re, im] = [new Float64Array(STFT_SIZE), new Float64Array(STFT_SIZE)];
  for (let frame = 0; frame < frames; frame++) {
    const first = frame * STFT_HOP - STFT_SIZE / 2;
    for (let i = 0; i < STFT_SIZE; i++) {
      re[i] = WINDOW[i] * (samples[mirrored(first + i, samples.length)] - mean);
      im[i] = 0;
    }
    fourier(re, im);
    spectrum.re.set(re.subarray(0, STFT_BINS), frame * STFT_BINS);
    spectrum.im.set(im.subarray(0, STFT_BINS), frame * STFT_BINS);
  }
  return spectrum;
}

// Gain of every mel row at one frame of the transform; columns of the picture cross-fade around their edges.
function rowGains(kept, frame, gains) {
  const columns = kept.length / MEL_ROWS;
  // Frame i of the picture is centred at sample 160 i + 200, and an edge lies half-way between two frames.
  const place = frame * STFT_HOP - (FRAME_WINDOW - FRAME_HOP) / 2;
  const edge = clamp(Math.round(place / COLUMN_SAMPLES), 1, Math.max(1, columns - 1));
  const past = clamp((place - edge * COLUMN_SAMPLES) / FRAME_WINDOW, -0.5, 0.5);
  const later = columns > 1 ? Math.round(GAIN_STEPS * (0.5 + 0.5 * Math.sin(Math.PI * past))) / GAIN_STEPS : 0;
  for (let row = 0; row < MEL_ROWS; row++) {
    const [before, after] = [kept[(edge - 1) * MEL_ROWS + row], later && kept[edge * MEL_ROWS + row]];
    gains[row] = before * (1 - later) + after * later;
  }
}

// What two maps of patches (0 or 1 each) let through, without the mean. Two sounds come out of one inverse
// transform: one as its real part, the other as its imaginary part.
function maskedPair({ samples, frames, re, im }, binRows, first, second) {
  const length = samples.length;
  const sounds = [new Float32Array(length), new Float32Array(length)];
  const weight = new Float32Array(length);
  const gains = [new Float64Array(MEL_ROWS + 1), new Float64Array(MEL_ROWS + 1)];
  const [zr, zi] = [new Float64Array(STFT_SIZE), new Float64Array(STFT_SIZE)];
  for (let frame = 0; frame < frames; frame++) {
    rowGains(first, frame, gains[0]);
    rowGains(second, frame, gains[1]);
    const silent = gains.every((rows) => rows.every((gain) => gain === 0));
    if (!silent) {
      for (let bin = 0; bin < STFT_BINS; bin++) {
        const row = Math.floor(binRows[bin] / GAIN_STEPS);
        const share = binRows[bin] / GAIN_STEPS - row;
        const a = gains[0][row] * (1 - share) + gains[0][row + 1] * share;
        const b = gains[1][row] * (1 - share) + gains[1][row + 1] * share;
        const r = re[frame * STFT_BINS + bin];
        const m = im[frame * STFT_BINS + bin];
        zr[bin] = r * a - m * b;
        zi[bin] = r * b + m * a;
        if (bin === 0 || bin === STFT_BINS - 1) continue;
        zr[STFT_SIZE - bin] = r * a + m * b;
        zi[STFT_SIZE - bin] = r * b - m * a;
      }
      fourier(zi, zr);
    }
    const start = frame * STFT_HOP - STFT_SIZE / 2;
    for (let i = Math.max(0, -start); i < STFT_SIZE && start + i < length; i++) {
      weight[start + i] += WINDOW[i] * WINDOW[i];
      if (silent) continue;
      sounds[0][start + i] += (WINDOW[i] * zr[i]) / STFT_SIZE;
      sounds[1][start + i] += (WINDOW[i] * zi[i]) / STFT_SIZE;
    }
  }
  for (const sound of sounds) sound.forEach((value, i) => (sound[i] = value / weight[i]));
  return sounds;
}

// The original and, for each stage, what is kept and what has been removed so far: aligned, and all turned down
// by the same factor where one would exceed full scale.
function listenTracks(spectrum, binRows, drop) {
  const { samples, mean } = spectrum;
  const maps = DROPPED_BY.map((stage) => Uint8Array.from(drop, (by) => (by > 0 && by <= stage ? 0 : 1)));
  const masked = maskedPair(spectrum, binRows, maps[0], maps[1]);
  masked.push(maskedPair(spectrum, binRows, maps[2], maps[2])[0]);
  const tracks = { original: samples };
  DROPPED_BY.forEach((stage, i) => {
    const all = maps[i].every(Boolean);
    const none = !maps[i].some(Boolean);
    const removed = samples.map((value, at) => (all ? 0 : value - mean - masked[i][at]));
    tracks[`kept ${stage}`] = samples.map((value, at) => (none ? 0 : value - removed[at]));
    tracks[`removed ${stage}`] = removed;
  });
  const peak = Math.max(...Object.values(tracks).map(peakOf));
  if (peak <= 1) return tracks;
  const turnedDown = ([name, track]) => [name, track.map((value) => value / peak)];
  return Object.fromEntries(Object.entries(tracks).map(turnedDown));
}

function peakOf(samples) {
  return samples.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
}

// How much louder one sound is than another over their whole length, in dB.
function levelAgainst(samples, reference) {
  const energy = (sound) => sound.reduce((sum, value) => sum + value * value, 0);
  return 10 * Math.log10(energy(samples) / energy(reference));
}

// What the patches of one column sound like, with silence after it to be heard apart when it is repeated.
function columnSound(spectrum, binRows, patches, kept, period) {
  const map = new Uint8Array(patches);
  for (const patch of kept) map[patch] = 1;
  const [sound] = maskedPair(spectrum, binRows, map, map);
  const column = Math.floor(kept[0] / MEL_ROWS);
  const first = Math.max(0, column * COLUMN_SAMPLES - STFT_SIZE);
  const heard = sound.subarray(first, (column + 1) * COLUMN_SAMPLES + STFT_SIZE);
  const loop = new Float32Array(period);
  const loudest = Math.max(1, peakOf(heard));
  heard.subarray(0, period).forEach((value, i) => (loop[i] = value / loudest));
  return loop;
}
