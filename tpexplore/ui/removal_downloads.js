// What can be taken away: the picture, the two curves, their numbers.

function fileName(what, ending) {
  const { model, clip } = state.data;
  const words = [model.name, clip.name, what].join("-");
  return `${words.replace(/[^\p{L}\p{N}.]+/gu, "-")}.${ending}`;
}

async function savePicture() {
  const { data } = state;
  const told = (found) => (found ? `${found.answer} ${probabilityText(found.probability)}` : "not known yet");
  const lines = [
    `${data.clip.name} in ${data.model.name}. ${leaving()}`,
    `Answer ${told(answerNow())}; with all patches ${told(data.before)}.`,
  ];
  saveAs(await canvasBlob(printedBoard(data, boardView(), lines)), fileName("removal", "png"));
}

async function saveChart(name, what) {
  const card = part(name);
  const { clip, model } = state.data;
  const about = name === "curve" ? `${clip.name} in ${model.name}. ${leaving()}` : model.name;
  const lines = [card.querySelector("h3").textContent, about, card.querySelector(".tr-finding").textContent];
  const printed = printedChart(card, state.charts[name], lines, [...card.querySelectorAll(".tr-key")]);
  const made = chartBlob(printed, getComputedStyle(card).backgroundColor);
  printed.remove();
  saveAs(await made, fileName(what, "png"));
}
