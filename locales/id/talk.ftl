# Percakapan di kanal tertulis.

talk-invalid-address-taken = Alamat ini sudah dipakai oleh akun lain.
talk-invalid-until = Pilih waktu yang belum lewat.
talk-illegal-ended = Percakapan ini sudah selesai. Tunggu warga menulis lagi, atau mulai percakapan baru.
