# Percakapan di kanal tertulis.

talk-invalid-address-taken = Alamat ini sudah dipakai oleh akun lain.
talk-invalid-until = Pilih waktu yang belum lewat.
talk-illegal-ended = Percakapan ini sudah selesai. Tunggu warga menulis lagi, atau mulai percakapan baru.
talk-illegal-case = Percakapan ini sudah menjadi bagian dari sebuah laporan.
talk-invalid-window = Waktu untuk menulis bebas di kanal ini sudah lewat. Pilih templat yang disetujui, atau tunggu warga menulis lagi.
talk-notice-pin = PIN: { $pin }. Simpan baik-baik; kode dan PIN membuka laporan Anda.
