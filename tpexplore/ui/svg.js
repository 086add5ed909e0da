// The few canvas calls that picture.js makes, recorded as SVG: figures on paper and on the screen have one source.

const BASELINES = { alphabetic: 0, middle: 0.35, top: 0.8 }; // em; many readers ignore SVG's own baselines

function svgContext(svg) {
  let path = "";
  let clips = 0;
  let group = svg;
  const colour = (name, value) => {
    if (typeof value !== "string") return { [name]: `url(#${value.id})` };
    const parts = value.match(/^rgba\((.+), ([\d.]+)\)$/); // older readers know no rgba()
    return parts ? { [name]: `rgb(${parts[1]})`, [`${name}-opacity`]: parts[2] } : { [name]: value };
  };
  const add = (tag, attributes, ...children) => group.appendChild(shape(tag, attributes, ...children));
  return {
    font: "13px sans-serif",
    fillStyle: "#000",
    strokeStyle: "#000",
    lineWidth: 1,
    lineCap: "butt",
    textAlign: "left",
    textBaseline: "alphabetic",
    imageSmoothingEnabled: true,
    beginPath() {
      path = "";
    },
    moveTo(x, y) {
      path += `M${short(x)} ${short(y)}`;
    },
    lineTo(x, y) {
      path += `L${short(x)} ${short(y)}`;
    },
    rect(x, y, w, h) {
      path += `M${short(x)} ${short(y)}h${short(w)}v${short(h)}h${short(-w)}z`;
    },
    stroke() {
      const line = { "stroke-width": this.lineWidth, "stroke-linecap": this.lineCap };
      add("path", { d: path, fill: "none", ...colour("stroke", this.strokeStyle), ...line });
    },
    fillRect(x, y, width, height) {
      const box = { x: short(x), y: short(y), width: short(width), height: short(height) };
      add("rect", { ...box, ...colour("fill", this.fillStyle) });
    },
    fillText(text, x, y) {
      const [, weight = "400", size, family] = this.font.match(/^(?:(\d+) )?([\d.]+)px (.+)$/);
      add(
        "text",
        {
          x: short(x),
          y: short(y + BASELINES[this.textBaseline] * size),
          "text-anchor": { left: "start", center: "middle", right: "end" }[this.textAlign],
          "font-family": family,
          "font-size": size,
          "font-weight": weight,
          ...colour("fill", this.fillStyle),
        },
        text,
      );
    },
    drawImage(canvas, x, y, width, height) {
      const image = { x, y, width, height, preserveAspectRatio: "none", href: canvas.toDataURL() };
      add("image", { ...image, style: this.imageSmoothingEnabled ? "" : "image-rendering: pixelated" });
    },
    createLinearGradient(x1, y1, x2, y2) {
      const id = `gradient-${svg.querySelectorAll("linearGradient").length}`;
      const made = shape("linearGradient", { id, x1, y1, x2, y2, gradientUnits: "userSpaceOnUse" });
      svg.append(made);
      return {
        id,
        addColorStop: (offset, stop) => made.append(shape("stop", { offset, "stop-color": stop })),
      };
    },
    save() {
      group = add("g", {});
    },
    clip() {
      const id = `clip-${clips++}`;
      svg.append(shape("clipPath", { id }, shape("path", { d: path })));
      group.setAttribute("clip-path", `url(#${id})`);
    },
    restore() {
      group = group.parentNode;
    },
  };
}

function short(number) {
  return Math.round(number * 100) / 100;
}
