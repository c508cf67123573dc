# Kata-kata pada surel yang masuk dan pada pemasangan.

app-default-agency = Instansi
app-mail-no-subject = (tanpa perihal)
app-mail-no-text = (Surel ini tidak berisi teks.)
app-mail-cut = … Teks ini terlalu panjang; selengkapnya ada di berkas lampiran.
app-mail-not-understood = (Surel ini tidak dapat dibaca. Isinya disimpan utuh di berkas lampiran.)
app-mail-other-sender = (Dikirim dari { $address })
app-mail-automatic = (Jawaban otomatis dari { $address })
app-mail-whole-text = isi-lengkap.txt
app-mail-whole-message = surel-asli.eml
