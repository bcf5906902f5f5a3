from models.codes.place_of_service import load_places


def test_places_carry_rate_and_telehealth() -> None:
    places = load_places()
    assert places["22"].facility
    assert not places["11"].facility
    assert {c for c, p in places.items() if p.telehealth} == {"02", "10"}
    assert "99" in places
    assert "30" not in places
