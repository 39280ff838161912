print("tvs")
