/* Sends the browser's time zone with the form that signs in, in the hidden field time_zone */

for (const field of document.querySelectorAll("input[name=time_zone]")) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
