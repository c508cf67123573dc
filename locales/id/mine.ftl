# Laporan saya: bagi yang kehilangan kode atau PIN.

mine-title = Laporan saya
mine-lead = Kehilangan kode atau PIN? Tulis alamat yang Anda cantumkan saat melapor. Kami kirimkan kode sekali pakai untuk membuka semua laporan Anda.
mine-address = Alamat surel
    .hint = Alamat yang Anda cantumkan saat melapor.
mine-address-or-phone = Alamat surel atau nomor telepon
    .hint = Yang Anda cantumkan saat melapor.
mine-send = Kirim kode
mine-none = Tidak mencantumkan alamat saat melapor? Lihat
mine-have-pin = Saya punya kode dan PIN
mine-code-title = Masukkan kode
mine-sent = Jika { $address } tercatat pada laporan, kode enam angka sudah kami kirim ke sana. Kode berlaku sepuluh menit.
mine-code = Kode sekali pakai
    .hint = Enam angka, tanpa spasi.
mine-open = Buka laporan saya
mine-not-come = Kode belum datang? Periksa juga kotak spam.
mine-again = Minta kode lagi
mine-all = Semua laporan yang mencantumkan { $address }.
mine-empty = Belum ada laporan
    .help = Tidak ada laporan dengan alamat ini.
mine-received = Diterima { $at }
mine-look = Lihat laporan
mine-renew = Kirim PIN baru
mine-renewed = PIN baru untuk { $code } dikirim ke { $address }. PIN lama tidak berlaku lagi.
mine-no-way = PIN baru belum dapat dikirim ke nomor ini. PIN lama tetap berlaku.
mine-leave = Keluar
mine-invalid-address = Tulis alamat surel seperti nama@contoh.id, atau nomor telepon lengkap.
mine-invalid-code = Kode tidak cocok atau sudah tidak berlaku. Periksa lagi, atau minta kode baru.
mine-invalid-over = Waktunya sudah lewat. Minta kode lagi.
mine-invalid-wait = Terlalu sering meminta kode. Coba lagi dalam { $n } menit.
mine-mail-code = Kode Anda untuk membuka laporan: { $code }

    Kode berlaku sepuluh menit dan hanya sekali. Jangan berikan kepada siapa pun, juga kepada petugas. Abaikan pesan ini bila Anda tidak memintanya.
    .subject = Kode sekali pakai
mine-mail-pin = PIN baru untuk laporan { $code }: { $pin }

    PIN lama tidak berlaku lagi. Lihat laporan Anda: { $link }
    .subject = [{ $code }] PIN baru
case-event-pin-replaced = PIN diganti atas permintaan pelapor
org-event-case-pin-replaced = PIN laporan diganti oleh pelapor
