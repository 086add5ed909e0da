// Plays exactly the samples the model was given, and tells `onMove` where the play-head is, frame by frame.

function wavBlob(pcm, rate) {
  const header = new DataView(new ArrayBuffer(44));
  const text = (at, word) => [...word].forEach((letter, i) => header.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, 36 + pcm.length, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true); // integer PCM
  header.setUint16(22, 1, true); // one channel
  header.setUint32(24, rate, true);
  header.setUint32(28, rate * 2, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  text(36, "data");
  header.setUint32(40, pcm.length, true);
  return new Blob([header, pcm], { type: "audio/wav" });
}

function createPlayer(onMove) {
  const audio = new Audio();
  let next = 0;
  const follow = () => {
    cancelAnimationFrame(next); // a seek while playing must not start a second chain
    onMove(audio.currentTime, !audio.paused);
    if (!audio.paused) next = requestAnimationFrame(follow);
  };
  for (const event of ["play", "pause", "seeked"]) audio.addEventListener(event, follow);
  return {
    load(pcm, rate) {
      audio.pause();
      URL.revokeObjectURL(audio.src);
      audio.src = URL.createObjectURL(wavBlob(pcm, rate));
    },
    seek(seconds) {
      audio.currentTime = seconds;
    },
    toggle() {
      // Interrupted by the next clip, play() rejects; nothing is wrong then.
      if (audio.paused) audio.play().catch(() => {});
      else audio.pause();
    },
  };
}
