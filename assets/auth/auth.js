// A demo account's button fills the form; a throttled form counts down and opens again.
"use strict";

const byId = (id) => document.getElementById(id);

for (const button of document.querySelectorAll(".demo button")) {
  button.addEventListener("click", () => {
    byId("email").value = button.dataset.email;
    byId("password").value = button.dataset.password;
    for (const other of document.querySelectorAll(".demo button")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    document.querySelector("form .primary").focus();
  });
}

const countdown = document.querySelector("[data-countdown]");
if (countdown) {
  const submit = document.querySelector("form .primary");
  const end = Date.now() + Number(countdown.dataset.countdown) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    countdown.textContent = left < 60 ? `${left} s` : `${Math.floor(left / 60)} min ${left % 60} s`;
    submit.disabled = left > 0;
    if (left > 0) setTimeout(tick, 250);
    else countdown.closest(".problem").textContent = "You can try again now.";
  };
  tick();
}
