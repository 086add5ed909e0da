// The ZIP to take away: the picture is drawn here, the server puts the numbers and the Python beside it.

const TAKE_TEXT = { rest: "Take away (ZIP)", busy: "Making the ZIP …" };
const TAKE_PATIENCE = 60_000; // ms; where the server's queue is full, no answer comes

const takeButton = find(".tp-take");
let taking = null; // the ZIP that is waited for: {id, name, timer}
let takeCount = 0;

function endTaking(problem) {
  clearTimeout(taking.timer);
  taking = null;
  const focused = document.activeElement === document.body;
  takeButton.disabled = false;
  takeButton.textContent = TAKE_TEXT.rest;
  if (focused) takeButton.focus(); // a disabled button loses it
  out("taken").textContent = problem;
}

function base64Of(blob) {
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(blob);
  });
}

async function takeAway() {
  const { data, score } = state;
  const index = rateIndex();
  const rate = data.scores[score].rates[index];
  const timer = setTimeout(() => endTaking("The server has not answered; please try again."), TAKE_PATIENCE);
  const name = `tpexplore-${plainName(data.clip)}-${data.model.name}-${score}-${Math.round(100 * rate)}.zip`;
  taking = { id: ++takeCount, name, timer };
  takeButton.disabled = true;
  takeButton.textContent = TAKE_TEXT.busy;
  out("taken").textContent = TAKE_TEXT.busy;
  const picture = await pngFigure(printedFigure(data, dropMap(), captionText(data, score, index)));
  trigger("takeaway", {
    id: taking.id,
    clip: data.clip.name,
    start: data.clip.start,
    model: data.model.name,
    score,
    keep_rate: rate,
    pictures: { picture: await base64Of(picture) },
  });
}

function receiveZip(text) {
  const reply = text && JSON.parse(text);
  if (!reply || reply.id !== taking?.id) return; // emptied again, or answered too late
  if (reply.zip) saveFile(new Blob([bytesOf(reply.zip)], { type: "application/zip" }), taking.name);
  endTaking(reply.problem ?? "The ZIP is in your downloads.");
}

takeButton.addEventListener("click", takeAway);
watch("reply", () => receiveZip(props.reply));
